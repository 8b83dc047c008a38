"""The tables, as migrations. A migration never changes after a release; a new one is added.

Raw, the truth: `hit` and the dimension tables it points into (`path`, `source`, `name`).
Derived, rebuilt by `pagetally recount`: everything from `visit` down. An open site-day (one that
may still get hits) has its pages in `page_visitor` and its visits in `visit`; closing it writes
`page_day` and `day_column`; a month whose days are all closed is rolled up further.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import astuple
from sqlite_utils import Database, Migrations

from ..channels import classify
from ..errors import NewerDatabase
from ..model import NO_CAMPAIGN, Campaign

migrations = Migrations("pagetally")


def refuse_newer(database: Database, file: Path) -> set[str]:
    """The migrations that a file has; NewerDatabase where this version does not know them all."""
    applied = {migration.name for migration in migrations.applied(database)}
    unknown = applied - {migration.name for migration in migrations._migrations}
    if unknown:
        message = f"{file} was written by a newer Pagetally ({', '.join(sorted(unknown))})"
        raise NewerDatabase(message, hint="Install that version, or restore a backup from before it.")
    return applied


@migrations()
def m001_spine(db: Database) -> None:
    for statement in SPINE.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m002_counters(db: Database) -> None:
    for statement in COUNTERS.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m003_ledger(db: Database) -> None:
    for statement in LEDGER.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m004_tokens(db: Database) -> None:
    for statement in TOKENS.split(";\n"):
        if statement.strip():
            db.execute(statement)


# Whether only pages with a token count, and what tokens are made with.
TOKENS = """
ALTER TABLE site ADD COLUMN needs_token INTEGER NOT NULL DEFAULT 0;
ALTER TABLE site ADD COLUMN token_secret TEXT NOT NULL DEFAULT ''
"""


@migrations()
def m005_enrichment(db: Database) -> None:
    for statement in ENRICHMENT.split(";\n"):
        if statement.strip():
            db.execute(statement)
    for id, host in db.execute("SELECT id, host FROM source").fetchall():
        db.execute("UPDATE source SET name = ?, medium = ?, channel = ? WHERE id = ?", (*describe(host), id))


def describe(host: str, campaign: Campaign = NO_CAMPAIGN) -> tuple[str, str, str]:
    """Name, medium and channel of a source, as they stand in its row."""
    return astuple(classify(host, campaign))


@migrations()
def m006_owner(db: Database) -> None:
    for statement in OWNER.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m007_views(db: Database) -> None:
    for statement in VIEWS.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m008_released(db: Database) -> None:
    # Hits that a rule released, by the numbers that they have now, with what they were kept apart for.
    db.execute(
        "CREATE TABLE released (rule INTEGER, site INTEGER, day INTEGER, id INTEGER, reason TEXT NOT NULL,"
        " PRIMARY KEY (rule, site, day, id)) WITHOUT ROWID"
    )


@migrations()
def m009_digits(db: Database) -> None:
    # Pictures of digits that the owner brought.
    db.execute(
        "CREATE TABLE digit_image (name TEXT, char TEXT, mime TEXT NOT NULL, width INTEGER NOT NULL,"
        " height INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (name, char)) WITHOUT ROWID"
    )


@migrations()
def m010_retention(db: Database) -> None:
    # After how many days a day is erased; 0 for never.
    db.execute("ALTER TABLE site ADD COLUMN keep_days INTEGER NOT NULL DEFAULT 0")


@migrations()
def m011_hosts(db: Database) -> None:
    # The host that a page was shown under; of older views it is not known. Months are summed anew, by it too.
    for statement in HOSTS.split(";\n"):
        db.execute(statement)


@migrations()
def m012_views_of_hosts(db: Database) -> None:
    # The host of visits and views, and how long and how far pages were looked at, for who asks in SQL.
    for statement in VIEWS.split(";\n"):
        for view in ("v_view", "v_visit"):
            if statement.lstrip().startswith(f"CREATE VIEW {view} AS"):
                db.execute(f"DROP VIEW {view}")
                db.execute(statement.replace("AS language\n", "AS language, client.host AS host\n"))
    db.execute(VIEW_OF_STAYS)


@migrations()
def m013_numbers_of_imports(db: Database) -> None:
    # No number is given twice: whoever still writes the import of a removed site must not meet another one.
    for statement in IMPORTS.split(";\n"):
        db.execute(statement)


@migrations()
def m014_narrow_columns(db: Database) -> None:
    # Days that are closed from now on have columns that an earlier version cannot read; older ones stay as
    # they are, and can be read.
    pass


@migrations()
def m015_dropped_events(db: Database) -> None:
    # Until here events were tallied as views, and cannot be told from them any more.
    db.execute("ALTER TABLE dropped ADD COLUMN events INTEGER NOT NULL DEFAULT 0")


IMPORTS = """
ALTER TABLE import RENAME TO import_before;
CREATE TABLE import (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site INTEGER NOT NULL,
  kind TEXT NOT NULL,
  file TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  started INTEGER NOT NULL,
  state TEXT NOT NULL,              -- running, done, undoing, undone, cut off
  stored INTEGER NOT NULL,
  summary TEXT NOT NULL             -- JSON: lines by outcome
);
INSERT INTO import SELECT * FROM import_before;
DROP TABLE import_before
"""


VIEW_OF_STAYS = """
CREATE VIEW v_engagement AS
SELECT site.domain AS site, date(hit.day * 86400, 'unixepoch') AS day,
       strftime('%Y-%m-%dT%H:%M:%SZ', hit.at, 'unixepoch') AS time,
       path.path AS page, path.title AS title, hit.detail ->> 'e' AS seconds, hit.detail ->> 'sd' AS scroll
FROM hit JOIN site ON site.id = hit.site JOIN path ON path.id = hit.path
WHERE hit.kind = 3
"""

HOSTS = """
CREATE TABLE client_before AS SELECT * FROM client;
DROP TABLE client;
CREATE TABLE client (
  id INTEGER PRIMARY KEY,
  browser TEXT NOT NULL, browser_version TEXT NOT NULL, os TEXT NOT NULL, os_version TEXT NOT NULL,
  device TEXT NOT NULL, screen TEXT NOT NULL,
  host TEXT NOT NULL DEFAULT '',    -- of the site's hosts, the one the page was shown under
  UNIQUE (browser, browser_version, os, os_version, device, screen, host)
);
INSERT INTO client (id, browser, browser_version, os, os_version, device, screen)
SELECT id, browser, browser_version, os, os_version, device, screen FROM client_before;
DROP TABLE client_before;
DELETE FROM month;
DELETE FROM page_month;
DELETE FROM visit_month
"""

# Words instead of numbers, for people who ask the file themselves (docs/sql.md). Without visitors.
VIEWS = """
CREATE VIEW v_view AS
SELECT site.domain AS site, date(hit.day * 86400, 'unixepoch') AS day,
       strftime('%Y-%m-%dT%H:%M:%SZ', hit.at, 'unixepoch') AS time,
       path.path AS page, path.title AS title, source.host AS referrer, source.name AS source,
       source.channel AS channel, client.browser AS browser, client.os AS os, client.device AS device,
       place.country AS country, place.language AS language
FROM hit JOIN site ON site.id = hit.site JOIN path ON path.id = hit.path
JOIN source ON source.id = hit.source JOIN client ON client.id = hit.client JOIN place ON place.id = hit.place
WHERE hit.kind = 0;
CREATE VIEW v_event AS
SELECT site.domain AS site, date(hit.day * 86400, 'unixepoch') AS day,
       strftime('%Y-%m-%dT%H:%M:%SZ', hit.at, 'unixepoch') AS time,
       name.name AS event, path.path AS page, hit.detail AS props
FROM hit JOIN site ON site.id = hit.site JOIN path ON path.id = hit.path JOIN name ON name.id = hit.name
WHERE hit.kind IN (1, 2);
CREATE VIEW v_visit AS
SELECT site.domain AS site, date(visit.day * 86400, 'unixepoch') AS day,
       strftime('%Y-%m-%dT%H:%M:%SZ', visit.start, 'unixepoch') AS start,
       visit.length AS duration, visit.views AS views, visit.events AS events,
       visit.views = 1 AND visit.events = 0 AS bounce,
       entry.path AS entry, exit.path AS exit,
       source.host AS referrer, source.name AS source, source.medium AS medium, source.channel AS channel,
       source.utm_source AS utm_source, source.utm_medium AS utm_medium, source.utm_campaign AS utm_campaign,
       source.utm_content AS utm_content, source.utm_term AS utm_term,
       client.browser AS browser, client.browser_version AS browser_version, client.os AS os,
       client.os_version AS os_version, client.device AS device, client.screen AS screen,
       place.country AS country, place.region AS region, place.city AS city, place.network AS network,
       place.language AS language
FROM visit JOIN site ON site.id = visit.site JOIN path AS entry ON entry.id = visit.entry
JOIN path AS exit ON exit.id = visit.exit JOIN source ON source.id = visit.source
JOIN client ON client.id = visit.client JOIN place ON place.id = visit.place
WHERE visit.views > 0;
CREATE VIEW v_day AS
SELECT site.domain AS site, date(site_day.day * 86400, 'unixepoch') AS day, site_day.views AS views,
       site_day.visits AS visits, site_day.visitors AS visitors, site_day.bounces AS bounces,
       site_day.duration AS duration
FROM site_day JOIN site ON site.id = site_day.site
"""

# What an owner keeps: keys of programs, saved filters, notes on days, goals, rules for what is kept apart.
OWNER = """
CREATE TABLE api_token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site INTEGER NOT NULL,            -- 0 for every site
  scope TEXT NOT NULL,              -- read, annotate
  digest TEXT NOT NULL UNIQUE,      -- SHA-256 of the token, in hex
  note TEXT NOT NULL,
  created INTEGER NOT NULL
);
CREATE TABLE segment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site INTEGER NOT NULL,
  name TEXT NOT NULL,
  filters TEXT NOT NULL,            -- as the query of a page's address: f=...&any=1
  created INTEGER NOT NULL,
  UNIQUE (site, name)
);
CREATE TABLE annotation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site INTEGER NOT NULL,
  day INTEGER NOT NULL,
  at INTEGER NOT NULL,
  text TEXT NOT NULL,
  link TEXT NOT NULL
);
CREATE INDEX annotation_day ON annotation (site, day);
CREATE TABLE goal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,               -- event, page, scroll, engaged
  target TEXT NOT NULL,             -- name of the event, or pattern of the path
  amount INTEGER NOT NULL,          -- per cent scrolled, or engaged seconds
  created INTEGER NOT NULL,
  UNIQUE (site, name)
);

-- Hits of machines and of spam, kept apart from the counted ones with the reason; see apart.py.
CREATE TABLE apart (
  site INTEGER, day INTEGER, id INTEGER,
  at INTEGER NOT NULL,
  visitor INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  name INTEGER NOT NULL,
  path INTEGER NOT NULL,
  source INTEGER NOT NULL,
  detail TEXT,
  client INTEGER NOT NULL,
  place INTEGER NOT NULL,
  reason TEXT NOT NULL,             -- bot, headless, spam, rule
  rule INTEGER NOT NULL DEFAULT 0,  -- that moved it here
  PRIMARY KEY (site, day, id)
) WITHOUT ROWID;
CREATE TABLE rule (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site INTEGER NOT NULL,
  action TEXT NOT NULL,             -- release, condemn
  filter TEXT NOT NULL,             -- a condition as text
  state TEXT NOT NULL,              -- running, done, undoing, undone
  day INTEGER NOT NULL DEFAULT -1,  -- up to which it is done
  created INTEGER NOT NULL
)
"""


@migrations()
def m005_token_grace(db: Database) -> None:
    for statement in GRACE.split(";\n"):
        if statement.strip():
            db.execute(statement)


# What tokens were made with before, and until when (seconds since 1970) those are good.
GRACE = """
ALTER TABLE site ADD COLUMN former_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE site ADD COLUMN former_until INTEGER NOT NULL DEFAULT 0
"""

# What views were seen with, from where, and where visits came from; visits of closed days as columns.
ENRICHMENT = """
CREATE TABLE client (
  id INTEGER PRIMARY KEY,
  browser TEXT NOT NULL, browser_version TEXT NOT NULL, os TEXT NOT NULL, os_version TEXT NOT NULL,
  device TEXT NOT NULL, screen TEXT NOT NULL,
  UNIQUE (browser, browser_version, os, os_version, device, screen)
);
CREATE TABLE place (
  id INTEGER PRIMARY KEY,
  country TEXT NOT NULL, region TEXT NOT NULL, city TEXT NOT NULL, network TEXT NOT NULL,
  language TEXT NOT NULL,
  UNIQUE (country, region, city, network, language)
);
-- 0 for unknown; a visit has those of its first hit.
ALTER TABLE hit ADD COLUMN client INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hit ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visit ADD COLUMN client INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visit ADD COLUMN place INTEGER NOT NULL DEFAULT 0;

ALTER TABLE source RENAME TO source_host;
CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL,
  utm_source TEXT NOT NULL, utm_medium TEXT NOT NULL, utm_campaign TEXT NOT NULL,
  utm_content TEXT NOT NULL, utm_term TEXT NOT NULL, click TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '', medium TEXT NOT NULL DEFAULT '', channel TEXT NOT NULL DEFAULT '',
  UNIQUE (host, utm_source, utm_medium, utm_campaign, utm_content, utm_term, click)
);
INSERT INTO source (id, host, utm_source, utm_medium, utm_campaign, utm_content, utm_term, click)
  SELECT id, host, '', '', '', '', '', '' FROM source_host;
DROP TABLE source_host;
INSERT INTO source (id, host, utm_source, utm_medium, utm_campaign, utm_content, utm_term, click)
  VALUES (0, '', '', '', '', '', '', '');
INSERT INTO client VALUES (0, '', '', '', '', '', '');
INSERT INTO place VALUES (0, '', '', '', '', '');

-- The visits, views and events of a closed day, a column in a piece: see columns.py. Derived.
CREATE TABLE day_column (
  site INTEGER NOT NULL, name TEXT NOT NULL, day INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY (site, name, day)
);

-- Visits of a rolled month by dimension; `key` is a path or a word.
CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE visit_month (
  site INTEGER, dimension TEXT, month INTEGER, key INTEGER,
  visitors INTEGER NOT NULL, visits INTEGER NOT NULL, views INTEGER NOT NULL,
  bounces INTEGER NOT NULL, duration INTEGER NOT NULL, events INTEGER NOT NULL,
  PRIMARY KEY (site, dimension, month, key)
) WITHOUT ROWID;
DROP TABLE source_day;
DROP TABLE source_month;
-- They are summed again, by everything that is known now.
DELETE FROM month;
DELETE FROM page_month
"""

# By how much each adjustment moved the count of a page, or of the site (path 0).
LEDGER = """
CREATE TABLE adjusted (
  adjustment INTEGER, path INTEGER,
  site INTEGER NOT NULL,
  views INTEGER NOT NULL,
  visitors INTEGER NOT NULL,
  is_set INTEGER NOT NULL,          -- 1: the count was set to something, 0: it was moved by something
  PRIMARY KEY (adjustment, path)
) WITHOUT ROWID;
CREATE INDEX adjusted_path ON adjusted (site, path)
"""

# What the owner adds to what was counted, and the trail of it; what readers of a page also read.
COUNTERS = """
ALTER TABLE site ADD COLUMN foreign_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE site ADD COLUMN cooldown INTEGER NOT NULL DEFAULT 0;

CREATE TABLE page_offset (path INTEGER PRIMARY KEY, views INTEGER NOT NULL, visitors INTEGER NOT NULL);
CREATE TABLE site_offset (site INTEGER PRIMARY KEY, views INTEGER NOT NULL, visitors INTEGER NOT NULL);

-- Every change that an owner made to the numbers, oldest first; `detail` says how to undo it.
CREATE TABLE adjustment (
  id INTEGER PRIMARY KEY,
  site INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,               -- offset, reset, exclude, rename, merge, import
  state TEXT NOT NULL,              -- running, done, undoing, undone
  detail TEXT NOT NULL              -- JSON
);

-- The hits that a rename or merge moved, so that it can be undone.
CREATE TABLE moved (
  adjustment INTEGER, site INTEGER, day INTEGER, id INTEGER,
  PRIMARY KEY (adjustment, site, day, id)
) WITHOUT ROWID;

-- A path that is counted as another one from now on.
CREATE TABLE path_alias (
  site INTEGER, path TEXT, target TEXT NOT NULL,
  PRIMARY KEY (site, path)
) WITHOUT ROWID;

-- The first view of each page, for lists of what is new; made with the page, kept by the rollup.
CREATE TABLE page_first (path INTEGER PRIMARY KEY, at INTEGER NOT NULL);

-- Computed on a schedule: pages whose readers also read the other, best first.
CREATE TABLE related (
  site INTEGER, path INTEGER, rank INTEGER,
  other INTEGER NOT NULL,
  visitors INTEGER NOT NULL,        -- site-days of visitors who read both
  lift REAL NOT NULL,
  PRIMARY KEY (site, path, rank)
) WITHOUT ROWID
"""

SPINE = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;

CREATE TABLE site (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: views of a removed site may be on their way
  domain TEXT NOT NULL UNIQUE,
  timezone TEXT NOT NULL,
  aliases TEXT NOT NULL,            -- this and the next three: JSON arrays of text
  exclude_addresses TEXT NOT NULL,
  exclude_paths TEXT NOT NULL,
  query_keys TEXT NOT NULL,
  honour_gpc INTEGER NOT NULL,
  count_bots INTEGER NOT NULL,
  created INTEGER NOT NULL
);

CREATE TABLE path (
  id INTEGER PRIMARY KEY,
  site INTEGER NOT NULL,
  path TEXT NOT NULL,
  title TEXT NOT NULL,
  UNIQUE (site, path)
);
CREATE TABLE source (id INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE);
CREATE TABLE name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- How many new paths, sources and names a site has had on a day: the caps.
CREATE TABLE newcomers (
  site INTEGER, day INTEGER, dimension TEXT, used INTEGER NOT NULL,
  PRIMARY KEY (site, day, dimension)
) WITHOUT ROWID;

CREATE TABLE hit (
  site INTEGER, day INTEGER, id INTEGER,
  at INTEGER NOT NULL,
  visitor INTEGER NOT NULL,
  kind INTEGER NOT NULL,            -- as model.Kind
  name INTEGER NOT NULL,            -- 0 for a view
  path INTEGER NOT NULL,
  source INTEGER NOT NULL,          -- 0 for none
  detail TEXT,                      -- properties as JSON
  PRIMARY KEY (site, day, id)
) WITHOUT ROWID;

-- Client event ids of the last two days, hashed: a repeat is stored once.
CREATE TABLE repeat (day INTEGER, key INTEGER, PRIMARY KEY (day, key)) WITHOUT ROWID;

CREATE TABLE salt (
  site INTEGER, day INTEGER, value BLOB NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (site, day)
) WITHOUT ROWID;

CREATE TABLE dropped (
  site INTEGER, day INTEGER, reason TEXT, views INTEGER NOT NULL,
  PRIMARY KEY (site, day, reason)
) WITHOUT ROWID;

CREATE TABLE import (
  id INTEGER PRIMARY KEY,
  site INTEGER NOT NULL,
  kind TEXT NOT NULL,
  file TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  started INTEGER NOT NULL,
  state TEXT NOT NULL,              -- running, done, undoing, undone, cut off
  stored INTEGER NOT NULL,
  summary TEXT NOT NULL             -- JSON: lines by outcome
);
CREATE TABLE import_span (
  import INTEGER, site INTEGER, day INTEGER, first INTEGER, last INTEGER NOT NULL,
  PRIMARY KEY (import, site, day, first)
) WITHOUT ROWID;

-- One row a site-day: how far it is stored and folded (hit ids), and its head figures.
CREATE TABLE site_day (
  site INTEGER, day INTEGER,
  stored INTEGER NOT NULL,
  folded INTEGER NOT NULL DEFAULT 0,
  open INTEGER NOT NULL DEFAULT 1,
  views INTEGER NOT NULL DEFAULT 0,
  visits INTEGER NOT NULL DEFAULT 0,
  visitors INTEGER NOT NULL DEFAULT 0,
  bounces INTEGER NOT NULL DEFAULT 0,
  duration INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (site, day)
) WITHOUT ROWID;
CREATE INDEX site_day_pending ON site_day (site, day) WHERE stored > folded;
CREATE INDEX site_day_open ON site_day (site, day) WHERE open = 1;

CREATE TABLE site_total (site INTEGER PRIMARY KEY, views INTEGER NOT NULL, visitors INTEGER NOT NULL);

CREATE TABLE visit (
  site INTEGER, day INTEGER, visitor INTEGER, start INTEGER,
  length INTEGER NOT NULL,          -- seconds from the first hit to the last
  views INTEGER NOT NULL,
  events INTEGER NOT NULL,          -- interactive ones
  entry INTEGER NOT NULL,           -- path of the first hit
  exit INTEGER NOT NULL,            -- path of the last hit
  source INTEGER NOT NULL,          -- of the first hit
  PRIMARY KEY (site, day, visitor, start)
) WITHOUT ROWID;

CREATE TABLE page_visitor (
  site INTEGER, day INTEGER, path INTEGER, visitor INTEGER, views INTEGER NOT NULL,
  PRIMARY KEY (site, day, path, visitor)
) WITHOUT ROWID;
CREATE TABLE page_total (path INTEGER PRIMARY KEY, views INTEGER NOT NULL, visitors INTEGER NOT NULL);

CREATE TABLE page_day (
  site INTEGER, day INTEGER, path INTEGER, views INTEGER NOT NULL, visitors INTEGER NOT NULL,
  PRIMARY KEY (site, day, path)
) WITHOUT ROWID;
CREATE TABLE source_day (
  site INTEGER, day INTEGER, source INTEGER,
  views INTEGER NOT NULL, visits INTEGER NOT NULL, visitors INTEGER NOT NULL,
  PRIMARY KEY (site, day, source)
) WITHOUT ROWID;

-- A month (year * 12 + month - 1) whose days are all closed and summed below.
CREATE TABLE month (site INTEGER, month INTEGER, PRIMARY KEY (site, month)) WITHOUT ROWID;
CREATE TABLE page_month (
  site INTEGER, month INTEGER, path INTEGER, views INTEGER NOT NULL, visitors INTEGER NOT NULL,
  PRIMARY KEY (site, month, path)
) WITHOUT ROWID;
CREATE TABLE source_month (
  site INTEGER, month INTEGER, source INTEGER,
  views INTEGER NOT NULL, visits INTEGER NOT NULL, visitors INTEGER NOT NULL,
  PRIMARY KEY (site, month, source)
) WITHOUT ROWID;
"""
