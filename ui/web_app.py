"""The web application: pictures on their own routes, the Gradio pages on top."""

from __future__ import annotations

from functools import partial

import gradio as gr
from fastapi import FastAPI
from gradio.components.navbar import Navbar
from starlette.types import ASGIApp

from core.app.studio import Studio
from ui import not_found
from ui.checked_blocks import CheckedBlocks
from ui.components.help_routes import help_router
from ui.experiment_files import experiment_router
from ui.for_shops.shop_api import ShopApi
from ui.link_preview import preview_router, use_link_preview
from ui.media import media_router
from ui.monitoring.probes import Probes
from ui.monitoring.prometheus_metrics import metrics_of
from ui.navigation import NAVIGATION
from ui.page_states import use_small_states
from ui.pages import (
    annotate,
    catalog,
    compare,
    credits,
    evaluate,
    experiments,
    explore,
    home,
    inspect,
)
from ui.queues import waiting, with_queues
from ui.security import keep_clean, secured, visitor_files
from ui.security.uploads import Uploads
from ui.signin.routes import sign_in_router
from ui.signin.sign_in import SignIn
from ui.theme import head, studio_theme, stylesheet

#: Pages besides Home: title, path, module.
PAGES = (
    ("Explore", "/explore", explore),
    ("Compare", "/compare", compare),
    ("Inspect", "/inspect", inspect),
    ("Annotate", "/annotate", annotate),
    ("Evaluate", "/evaluate", evaluate),
    ("Experiments", "/experiments", experiments),
    ("Catalog", "/catalog", catalog),
)

#: Texts that Gradio's own translations lack; screen readers were told the key.
_MISSING_TEXTS = {"common.complete": "Done"}


def build_pages(studio: Studio) -> gr.Blocks:
    """Return all pages as one Gradio app with real URLs."""
    with CheckedBlocks(
        title="VL-CLIP Studio", analytics_enabled=False, delete_cache=(3600, 86400)
    ) as pages:
        Navbar(main_page_name="Home")
        home.build(studio, pages)
    for title, path, module in PAGES:
        with pages.route(title, path) as page:
            module.build(studio, page)
    with pages.route("Credits", "/credits", show_in_navbar=False) as page:
        credits.build(studio, page)
    return with_queues(pages)


def build_app(studio: Studio) -> FastAPI:
    """Return the ASGI application, ready for a server."""
    files, sign_in = visitor_files(studio.settings), SignIn(studio)
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lambda _: keep_clean(files, studio.settings),
    )
    app.include_router(preview_router())
    app.include_router(media_router(studio))
    app.include_router(help_router(studio))
    app.include_router(experiment_router(studio))
    use_link_preview()
    if not studio.people.space:  # a Space's sign-in is Gradio's own
        app.include_router(sign_in_router(sign_in))
    pages = build_pages(studio)
    pages.has_launched = True  # enables Gradio's own checks of paths, which mounting alone does not
    gr.mount_gradio_app(
        app,
        pages,
        path="/",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        theme=studio_theme(),
        css=stylesheet(),
        head=head(sign_in.by_page),
        footer_links=[],
        run_history=False,
        show_error=False,
        enable_monitoring=False,
        i18n=gr.I18n(en=_MISSING_TEXTS),
        ssr_mode=False,
        max_file_size=f"{studio.settings.max_upload_mb}mb",
        auth_dependency=sign_in.gradio_user,
    )
    not_found.install(app, [(page.title, page.path) for page in NAVIGATION])
    use_small_states(app, pages)
    Uploads(studio.settings, sign_in).install(app)
    metrics = metrics_of(studio, [page.path for page in NAVIGATION], partial(waiting, pages))

    def beside(front: ASGIApp) -> ASGIApp:
        return Probes(ShopApi(front, studio), studio, metrics)

    secured(app, studio.settings, sign_in, files, pages, beside=beside)
    return app
