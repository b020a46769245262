"""The HTTP API: a thin, typed layer over `wherein.library.Library`.

`app.create_app` joins the parts; `operations.py` is where a route, its types and its documentation are one thing.
"""
