"""What pages are made of; each module is one part of the screen."""

import logging

# the server loads these modules before Streamlit's runtime is there, and each cache would say so
logging.getLogger("streamlit.runtime.caching.cache_data_api").addFilter(
    lambda record: "No runtime found" not in record.getMessage()
)
