"""The panel's pages: each module has the page, its forms and what they post, as ``routes(desk)``."""
