"""Every setting of Comity, typed, with its unit and default; built once at the door and passed down.

The environment is read here and nowhere else. A name `COMITY_FOO` sets the field `foo`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path

from comity.errors import Invalid, Problem


def _home() -> Path:
    return Path.home() / ".local" / "share" / "comity"


def _config() -> Path:
    return Path.home() / ".config" / "comity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One value per knob. Every field is documented in `docs/settings.md` (a test compares the two)."""

    data: Path = field(default_factory=_home)
    """Folder of the embedded store: database, blobs, outgoing checkpoints."""

    keys: Path = field(default_factory=_config)
    """Folder of secrets (master key, signing key), outside `data`; files are 0600."""

    database_url: str = ""
    """SQLAlchemy URL of the store; empty means SQLite at `data/comity.db`. PostgreSQL: `postgresql+psycopg://…`."""

    workflow_url: str = ""
    """URL of the workflow engine's own tables; empty means SQLite at `data/workflows.db`, or the store's PostgreSQL."""

    master_key: str = ""
    """Base64 of 32 bytes that wraps every record's data key; empty means the file `keys/master.key`."""

    master_key_command: str = ""
    """Key-management hook: a program that prints the base64 master key on standard output; empty means none."""

    checkpoints: Path | None = None
    """Folder where signed journal checkpoints leave the store; empty means `keys/checkpoints` (outside `data`)."""

    checkpoint_every: int = 64
    """Journal entries between two signed checkpoints."""

    host: str = "127.0.0.1"
    """Address the server binds."""

    port: int = 8440
    """Port the server binds."""

    connections: int = 1000
    """Connections the server answers at once; whoever comes after waits until one ends."""

    public_url: str = ""
    """Address people and clients use, without a slash at the end; empty means `http://host:port`."""

    second_factor: str = "optional"
    """`required`: whoever signs in by password and has no second factor acts as a reader until they set one up."""

    passkey_domain: str = ""
    """Domain that passkeys are bound to; empty means the host name of the public address. Changing it ends them all."""

    oidc_issuer: str = ""
    """Issuer of a sign-in provider (OpenID Connect), exactly as it calls itself; empty means none."""

    oidc_client: str = ""
    """Id of this host at the provider."""

    oidc_secret: str = field(default="", repr=False)
    """Secret of this host there; empty: a public client, by PKCE alone. In no log, record or repr."""

    oidc_name: str = "your organisation's sign-in"
    """What the button calls the provider."""

    oidc_login_claim: str = ""
    """Claim that names an account's sign-in name and so joins the two at the first sign-in; empty: invitations only."""

    oidc_roles: str = ""
    """Roles that come and go with claims: `claim:value=role`, separated by commas; empty: none ever does."""

    oidc_private: bool = False
    """The provider lives on this machine or in a private network, perhaps without TLS."""

    audit_days: int = 365
    """How long the trail of access is kept."""

    audit_rows: int = 1_000_000
    """Most rows of the trail of access; the oldest go first."""

    glass_hours: int = 4
    """How long break-glass opens a withheld case (policy parameter)."""

    alarm_contact: str = ""
    """Addresses that are written to when glass is broken, by commas; administrators' sign-in names that are one too."""

    organisation: str = "Comity host (unnamed)"
    """The host's own name, as publisher of advisories and verifier in statements."""

    security_contact: str = ""
    """Whom `security.txt` names (`mailto:` or https); empty means this host's own page for reports."""

    csaf_aggregators: bool = False
    """Whether CSAF aggregators may list and mirror what is published here."""

    namespace: str = "https://comity.invalid"
    """URI of the publisher, as CSAF wants it."""

    advisory_prefix: str = "COMITY"
    """Prefix of advisory ids: `<prefix>-<year>-<number>`."""

    remote: str = ""
    """Address of a remote Comity host (`COMITY_HOST` or `--host`); empty means the local store."""

    token: str = ""
    """API token for the remote host; empty means the one that `comity login` kept."""

    containment: str = "auto"
    """Highest containment tier to use: auto, full, reduced or none (none runs nothing)."""

    accept_without_cgroups: bool = False
    """Operator accepts native code with no memory limit by cgroup (never needed in tier full)."""

    sandbox_uid: int = 65534
    """User id that sandboxed programs get when Comity itself runs as root."""

    body_seconds: int = 300
    """How long the body of one request may take to arrive."""

    api_per_minute: int = 1200
    """Requests a minute that the API answers to one person, over all of their tokens; 0 means no limit."""

    api_open_per_minute: int = 6000
    """The same for one network of callers without a token; 0 means no limit. Behind a proxy (`public_url`) there is
    none: all of them would come from the proxy's address."""

    body_limit_bytes: int = 3 * 1024 * 1024
    """Largest report document or request body."""

    attachment_limit_bytes: int = 1024 * 1024
    """Largest single attachment."""

    batch_limit: int = 500
    """Largest number of reports in one request that is answered at once."""

    bulk_limit_bytes: int = 64 * 1024 * 1024
    """Largest batch document (a scanner's log, an envelope), which is taken in as one durable job."""

    intake_per_hour: int = 0
    """Requests of one organisation that the TAP door answers in a fixed hour; 0 means no limit (policy parameter)."""

    tap_problem_base: str = "tag:akrites.dev,2026-07:problem/"
    """Beginning of the problem types of the TAP door: its clients compare with these (policy parameter)."""

    inventory_limit_bytes: int = 64 * 1024 * 1024
    """Largest inventory document (SBOM, lock file, scanner export)."""

    help_contact: str = ""
    """Whom a small operator may call or write to, shown under every answer; empty means nobody is named."""

    feed_age: timedelta = timedelta(days=7)
    """How old mirrored advisories may be before nothing is assessed by them any more, in days (policy parameter)."""

    mirrors: str = ""
    """Mirrors that this host fetches by itself, by commas: kev, cve, epss, osv:PyPI, csaf:example.org; empty: none."""

    mirror_hours: int = 6
    """Hours between two looks at each mirror; 0 means only when asked (policy parameter)."""

    bundle_keys: Path | None = None
    """Folder of key documents of other hosts whose signed bundles of mirrors are taken in; empty means own ones."""

    bundle_age: timedelta = timedelta(days=7)
    """How old a feed in a bundle may be when it is taken in, in days; older takes an explicit word (policy)."""

    approvals: int = 2
    """Named people who must approve before anything is published (policy parameter, never below 1)."""

    embargo: timedelta = timedelta(days=30)
    """House default embargo, counted from "validated and owned" (Akrites draft; policy parameter)."""

    embargo_ends_on_attacks: bool = True
    """An embargo ends when attacks are seen (policy parameter; sources say it should)."""

    cra_final_from_notice: bool = False
    """The CRA's 14 days to the final report begin with the first notice, not with a measure (policy parameter)."""

    briefs_need_review: bool = True
    """A brief is published only after another editor reviewed it (policy parameter; its label says so either way)."""

    review_floor_seconds: int = 30
    """Least time a review of a brief takes (policy parameter; no source sets it)."""

    review_planted: int = 1
    """Errors planted into each review, which the reviewer must find (policy parameter, never below 1)."""

    brief_recheck: timedelta = timedelta(days=1)
    """How often sources of public briefs are looked at again, in days; 0 means never by itself (policy parameter)."""

    share_days: int = 30
    """How long a member may open a brief that was shared with them."""

    taxii_page: int = 1000
    """Most objects on one page of the TAXII server; a client may ask for fewer."""

    taxii_body_limit_bytes: int = 16 * 1024 * 1024
    """Largest envelope that the TAXII server takes (its `max_content_length`)."""

    taxii_status_days: int = 30
    """How long the TAXII server remembers what became of a request to add objects."""

    cisa2015_in_force: str = "unknown"
    """Whether the information-sharing act of 2015 is in force after 30 September 2026: yes, no or unknown (policy)."""

    hooks_loopback: bool = False
    """Let webhooks call this machine over plain http: for tests and demonstrations, never on a host."""

    partners_loopback: bool = False
    """Let partner hosts lie on this machine, over plain http: for tests and demonstrations, never on a host."""

    cve_loopback: bool = False
    """Let CVE Services lie on this machine, over plain http: for tests and demonstrations, never on a host."""

    claim_quota: int = 20
    """Scan claims that an organisation may hold, with those of the last 90 days that brought no result (policy)."""

    claim_life: timedelta = timedelta(days=7)
    """How long a scan claim lives, and how long a heartbeat with progress renews it (policy parameter)."""

    embeddings: bool = False
    """Compare reports' texts by meaning too, with a network on this machine; needs the extra `comity[embeddings]`."""

    blind_quota: int = 20
    """Blind questions that an organisation may have unanswered for in this epoch and the last (policy parameter)."""

    blind_open_within: timedelta = timedelta(days=14)
    """How long a blind question may wait to be opened or withdrawn (policy parameter)."""

    blind_epoch: timedelta = timedelta(days=30)
    """How long a key of the blind check lives (policy parameter)."""

    wheels: Path | None = None
    """Folder of wheels that validation may use (the host's own mirror); empty means none."""

    offline: bool = False
    """Ask no package registry: archives come from what ships, the mirror and the cache alone. No source of a brief is
    looked at again by itself either."""

    model_endpoint: str = ""
    """Address of a language model's endpoint of the OpenAI kind, up to `/chat/completions`; empty means no model."""

    model: str = ""
    """Name of the model to ask there."""

    model_key: str = field(default="", repr=False)
    """Key for it; empty means none is sent that counts. In no log, record or repr."""

    mcp_token: str = field(default="", repr=False)
    """API token on whose behalf `comity mcp` answers; empty: the person at this shell. In no log or repr."""

    model_timeout_seconds: int = 60
    """Longest wait for one attempt; there is one retry."""

    model_output_tokens: int = 800
    """Most tokens of one answer (Code of Practice 1.1.2 bears on free text over 200: longer drafts are refused)."""

    patch_fields: str = "source,effect"
    """What a model that proposes a patch may be shown: source, effect, proof, summary (policy parameter)."""

    patch_label: str = "CLEAR"
    """Strictest TLP label of a case whose proof or summary a model may be shown at all (policy parameter)."""

    patch_output_tokens: int = 4000
    """Most tokens of a proposed patch, with the model's reasoning where its endpoint counts that."""

    custody: Path | None = None
    """Folder of the custodians' halves of assessment keys, outside `data` and its backups; empty: `keys/custody`."""

    assess_silence: timedelta = timedelta(days=30)
    """An assessment in which nothing moves before its window lapses after so long (policy parameter)."""

    assess_comment_days: int = 10
    """Working days (Monday to Friday, UTC) that a developer has to comment on a card (policy parameter)."""

    assess_erasure: timedelta = timedelta(days=7)
    """Evidence of an assessment is erased so long after its end (policy parameter)."""

    assess_erasure_withdrawn: timedelta = timedelta(days=1)
    """And so long after a developer withdrew (policy parameter)."""

    gateway_port: int = 8441
    """Port of the model gateway (`comity assess gateway`)."""

    gateway_key_hours: int = 12
    """Life of one key for the model gateway; none outlives the window."""

    gateway_loopback: bool = False
    """Let the gateway call an endpoint on this machine over plain http: for scripted subjects and demonstrations."""

    zone: str = ""
    """IANA time zone of the agency whose days the deadlines count; empty means the directive pack's own default."""

    directive_choices: str = ""
    """Choices where a directive leaves a rule open: `parameter=value`, separated by commas (policy parameter)."""

    detection_rules: Path | None = None
    """Folder of Sigma rules (`.yml`) that the operator brings for forensic triage; empty means none."""

    fetch_private: bool = False
    """Fetch articles and contact files from inside addresses too, on any port: for tests, never on a host."""

    cna_list: Path | None = None
    """The CVE Program's list of CNAs (CNAsList.json) that the operator brings; empty means none is looked in."""

    smtp_host: str = ""
    """Mail server that letters go out by; empty means none: letters wait, in sight."""

    smtp_port: int = 587
    """Port of the mail server."""

    smtp_security: str = "starttls"
    """How to speak to it: starttls, tls, or none (to a server on this machine only)."""

    smtp_user: str = ""
    """Name to sign in with at the mail server; empty means no sign-in."""

    smtp_password: str = field(default="", repr=False)
    """Password for it. In no log, record or repr."""

    smtp_timeout_seconds: int = 30
    """Longest wait for one answer of the mail server."""

    mail_from: str = ""
    """Address that letters come from; needed with a mail server."""

    mail_clear_limit: str = "AMBER"
    """Strictest TLP label that is mailed without encryption: CLEAR to RED (policy parameter; no standard sets it)."""

    mail_give_up: timedelta = timedelta(days=5)
    """How long a letter is tried before a person must look (RFC 5321 4.5.4.1 asks for four to five days)."""

    corpora: Path | None = None
    """Folder of the real data that tests and benches read; empty means `../shared/data` beside the checkout."""

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the store in use."""
        return self.database_url or f"sqlite:///{self.data / 'comity.db'}"

    @property
    def workflows(self) -> str:
        """SQLAlchemy URL of the workflow engine's tables in use."""
        if self.workflow_url:
            return self.workflow_url
        if self.database_url.startswith("postgresql"):
            return self.database_url
        return f"sqlite:///{self.data / 'workflows.db'}"

    @property
    def checkpoint_folder(self) -> Path:
        """Where signed checkpoints are written: outside the store on purpose."""
        return self.checkpoints or self.keys / "checkpoints"

    @property
    def custody_folder(self) -> Path:
        """Where the custodians' halves of assessment keys lie: outside the store on purpose."""
        return self.custody or self.keys / "custody"

    @property
    def address(self) -> str:
        """The public address, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


ALIASES = {"COMITY_HOST": "remote", "COMITY_BIND": "host"}
"""Environment names that differ from their field: the issue of record names `COMITY_HOST` for the remote host."""


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Build the settings from the environment; every unknown or unreadable `COMITY_*` name is listed as a problem."""
    source = os.environ if environment is None else environment
    known = {f"COMITY_{f.name.upper()}": f.name for f in fields(Settings)} | ALIASES
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for name, text in source.items():
        if not name.startswith("COMITY_"):
            continue
        target = known.get(name)
        if target is None:
            problems.append(Problem(f"/{name}", "unknown_setting", f"no such setting; see docs/settings.md: {name}"))
            continue
        try:
            values[target] = _parse(target, text)
        except (ValueError, OverflowError) as error:
            problems.append(Problem(f"/{name}", "bad_setting", f"{name}: {error}"))
    problems.extend(_out_of_range(values))
    if problems:
        raise Invalid("the environment holds settings that cannot be read", problems)
    return Settings(**values)  # type: ignore[arg-type]  # the keys are field names and _parse gave each its type


LEAST: Mapping[str, int] = {
    "checkpoint_every": 1,
    "port": 1,
    "connections": 1,
    "sandbox_uid": 1,
    "body_seconds": 1,
    "body_limit_bytes": 1,
    "attachment_limit_bytes": 1,
    "batch_limit": 1,
    "inventory_limit_bytes": 1,
    "approvals": 1,
    "taxii_page": 1,
    "taxii_body_limit_bytes": 1,
    "taxii_status_days": 1,
    "blind_quota": 1,
    "audit_days": 1,
    "mirror_hours": 0,
    "audit_rows": 1,
    "glass_hours": 1,
    "claim_quota": 1,
    "review_floor_seconds": 1,
    "review_planted": 1,
    "share_days": 1,
    "assess_comment_days": 1,
    "gateway_port": 1,
    "gateway_key_hours": 1,
    "smtp_port": 1,
    "smtp_timeout_seconds": 1,
    "model_timeout_seconds": 1,
    "model_output_tokens": 1,
    "patch_output_tokens": 1,
}
"""Smallest value of each whole number. An embargo is never negative."""


CHOICES: Mapping[str, tuple[str, ...]] = {
    "second_factor": ("optional", "required"),
    "smtp_security": ("starttls", "tls", "none"),
    "patch_label": ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"),
    "mail_clear_limit": ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"),
}
"""The words that a setting may have, where it has no other."""


def _out_of_range(values: Mapping[str, object]) -> list[Problem]:
    found = []
    for name, value in values.items():
        least = LEAST.get(name)
        if least is not None and isinstance(value, int) and value < least:
            found.append(Problem(f"/COMITY_{name.upper()}", "bad_setting", f"the least value is {least}"))
        words = CHOICES.get(name)
        if words is not None and value not in words:
            found.append(Problem(f"/COMITY_{name.upper()}", "bad_setting", f"one of {', '.join(words)}"))
        if isinstance(value, timedelta) and value < timedelta(0):
            found.append(Problem(f"/COMITY_{name.upper()}", "bad_setting", "a time span is not negative"))
    return found


def _parse(name: str, text: str) -> object:
    default = next(f for f in fields(Settings) if f.name == name)
    kind = default.type
    if kind is Path or kind == (Path | None):
        return Path(text).expanduser() if text else None
    if kind is bool:
        lowered = text.strip().lower()
        if lowered not in {"1", "0", "true", "false", "yes", "no"}:
            raise ValueError(f"expected yes or no, got {text!r}")
        return lowered in {"1", "true", "yes"}
    if kind is int:
        return int(text)
    if kind is timedelta:
        return timedelta(days=float(text))
    return text
