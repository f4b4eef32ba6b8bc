"""The pages there are: file, address, title, icon, and the roles they are for."""

from pathlib import Path

from core.model import Role
from core.text import N_

PAGES = Path(__file__).resolve().parents[2] / "pages"
Entry = tuple[str, str, str, str, tuple[Role, ...]]
HANDLES = (Role.AGENT, Role.MANAGER, Role.ADMIN)

SEES_OUTCOMES = (Role.MANAGER, Role.ANALYST, Role.ADMIN)
ASKS_IN_SQL = (Role.ANALYST, Role.ADMIN)

# file, address, title, icon, who
NAVIGATION: tuple[Entry, ...] = (
    ("agent/conversations.py", "atendimentos", N_("Conversations"), ":material/forum:", HANDLES),
    ("manager/outcomes.py", "desfechos", N_("Outcomes"), ":material/monitoring:", SEES_OUTCOMES),
    ("analyst/questions.py", "perguntas", N_("Questions in SQL"), ":material/database:", ASKS_IN_SQL),
    ("agent/preferences.py", "preferencias", N_("Preferences"), ":material/tune:", HANDLES),
    ("admin/people.py", "pessoas", N_("People and access"), ":material/group:", (Role.ADMIN,)),
    ("admin/record.py", "registro", N_("Record"), ":material/history:", (Role.ADMIN,)),
    ("admin/settings.py", "configuracoes", N_("Settings"), ":material/settings:", (Role.ADMIN,)),
)
