"""`pagetally serve`: an instance, its schedule, its control socket, and uvicorn, started and stopped."""

from __future__ import annotations

import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import uvicorn

from . import agents, clients
from .config import Config
from .control import ControlServer
from .errors import DataFolderInUse, PagetallyError
from .instance import Instance
from .jobs import schedule
from .lock import await_command
from .lock import find_owner as find_holder
from .store.ingest import Caps
from .web.app import create_app
from .web.guard import LimitedProtocol
from .web.lane import LaneProtocol
from .web.pages import compile_templates
from .writer import SWITCH_SECONDS

STOP_SECONDS = 3
"""Seconds that requests under way have to end in when the server is asked to stop."""

BACKLOG = 2048

COLLECT_AFTER = (20_000, 20, 50)
"""Thresholds of the garbage collector. By default it looks through what a few hundred new objects made,
hundreds of times a second under load: views in flight, which it finds alive."""

PREPARE_AFTER = 0.5
"""Seconds from the start to the loading of what first comers would wait for, half a second in all."""

AppFactory = Callable[[Instance], Any]


def serve(config: Config, *, say: Callable[[str], None], make_app: AppFactory | None = None) -> None:
    """Run until SIGTERM or SIGINT. `say` gets what the owner should read, such as the set-up address.

    `make_app` makes another app around the instance (the demo adds its blog). What it puts before an app of
    `create_app` does not see plain views, see `web.lane`.
    """
    logging.basicConfig(level=config.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    for name in ("apscheduler", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH_SECONDS)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn sends itself the signal again once it has stopped; that is no failure.
        signal.signal(number, _leave)
    instance, listener = take_place(config, say)
    try:
        app = (
            make_app(instance)
            if make_app
            else create_app(
                instance,
                base_path=config.base_path,
                trusted_proxies=config.trusted_proxies,
                compat=config.compat,
            )
        )
        url = f"http://{_printable(config.host)}:{listener.getsockname()[1]}{config.base_path}"
        control = ControlServer(instance).start()
        scheduler = schedule(instance)
        # The first answers come before.
        soon = datetime.now(UTC) + timedelta(seconds=PREPARE_AFTER)
        scheduler.add_job(prepare, "date", run_date=soon)
        scheduler.start()
        try:
            _announce(instance, app, url, say)
            gc.collect()
            gc.freeze()
            gc.set_threshold(*COLLECT_AFTER)
            _run(app, config, listener)
        finally:
            instance.leave()
            control.stop()
            scheduler.shutdown(wait=True)
    finally:
        instance.close()
        listener.close()


def prepare() -> None:
    """Load what the first views and the first pages would wait for."""
    agents.is_bot("")
    clients.load_tables()
    compile_templates()


def take_place(config: Config, say: Callable[[str], None]) -> tuple[Instance, socket.socket]:
    """The open instance and a listening socket, when no command has the folder any more.

    DataFolderInUse when another server has it.
    """
    caps = Caps(path=config.new_paths_a_day)
    while True:
        await_command(config.data, say)
        listener = open_listener(config.host, config.port)
        instance = Instance(
            config.data, caps=caps, rate_limit=config.rate_limit, geo_files=config.geo, has_aside=True
        )
        try:
            return instance.open(), listener
        except DataFolderInUse:
            # Of several commands in a row the next may have been quicker.
            listener.close()
            holder = find_holder(config.data)
            if holder is not None and not holder.command:
                raise


def _leave(number: int, _: object) -> None:
    # Once is enough: what follows must not be interrupted.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket; PagetallyError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # From here on connections wait in line, so that what is printed holds.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        # A port is taken, or for root only; anything else is wrong with the address.
        option = "--port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "--host"
        raise PagetallyError(
            f"cannot listen on {host}:{port}: {error.strerror}", hint=f"Choose another with {option}."
        ) from None
    return listener


def _printable(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104


def _announce(instance: Instance, app: Any, url: str, say: Callable[[str], None]) -> None:
    say(f"Pagetally listens on {url}")
    say(f"The data is in {instance.folder.absolute()}")
    owner = find_owner(app)
    if owner is not None and owner.setup_token:
        say(f"Set the owner's password, once, at {url}/setup/{owner.setup_token}")
    if not instance.registry.sites:
        say("No site yet. Add one: pagetally site add example.com")


def find_owner(app: Any) -> Any:
    """The owner record of an app that `create_app` made, through whatever is wrapped around it."""
    return _find(app, "owner")


def find_lane(app: Any) -> Any:
    """The lane of such an app."""
    return _find(app, "lane")


def _find(app: Any, name: str) -> Any:
    while app is not None and not hasattr(app, "state"):
        app = getattr(app, "_app", None)
    return getattr(app.state, name, None) if app is not None else None


def _run(app: Any, config: Config, listener: socket.socket) -> None:
    lane = find_lane(app)
    uvicorn.Server(
        uvicorn.Config(
            app,
            http=partial(LaneProtocol, lane) if lane else LimitedProtocol,  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            # It would print client addresses.
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=True,
            log_config=None,
            log_level="warning",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=STOP_SECONDS,
            backlog=BACKLOG,
        )
    ).run(sockets=[listener])
