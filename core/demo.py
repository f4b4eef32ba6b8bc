"""Invented demonstration data: six months of an optician's conversations, recorded as an event log by the import.

Nobody in it exists. The same seed and time give the same data, but for the random ids of users and reasons.
"""

import heapq
import math
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from core import services
from core.desk import Desk, Tx
from core.errors import Invalid
from core.facts import Facts
from core.importing import ImportReport, import_log
from core.model import (
    SYSTEM,
    ArchivePreference,
    Caller,
    Category,
    ReopenCause,
    Role,
    User,
    ValueMode,
)
from core.rules import ARCHIVE_AFTER

SOURCE = "demo"
DAYS = 182
ZONE = ZoneInfo("America/Sao_Paulo")

PEOPLE = (
    ("Ana Beatriz Souza", "ana", Role.AGENT),
    ("Bruno Carvalho", "bruno", Role.AGENT),
    ("Camila Ferreira", "camila", Role.AGENT),
    ("Diego Nascimento", "diego", Role.AGENT),
    ("Elisa Rocha", "elisa", Role.AGENT),
    ("Felipe Andrade", "felipe", Role.AGENT),
    ("Gabriela Lima", "gabriela", Role.AGENT),
    ("Henrique Duarte", "henrique", Role.AGENT),
    ("Marta Oliveira", "marta", Role.MANAGER),
    ("Paulo Mendes", "paulo", Role.MANAGER),
    ("Nádia Teixeira", "nadia", Role.ANALYST),
    ("Clara Monteiro", "clara", Role.ADMIN),
    ("Rafael Prado", "rafael", Role.ADMIN),
)
# How much of the work each of those who answer takes; the manager helps out.
WORKLOAD = {
    "ana": 10,
    "bruno": 9,
    "camila": 8,
    "diego": 7,
    "elisa": 7,
    "felipe": 6,
    "gabriela": 5,
    "henrique": 6,
    "marta": 1,
}
LEFT = ("henrique", timedelta(days=40))  # who left, and how long ago
ARCHIVES_AT_ONCE = "felipe"


@dataclass(frozen=True, slots=True)
class Ending:
    """A reason, how often it is the one, and how conversations that end with it go."""

    category: Category
    reason: str
    mode: ValueMode
    weight: float
    turns: tuple[tuple[str, str], ...]  # what the contact asks, what the agent answers
    closing: tuple[str, str]  # the contact's last word, the agent's
    typical_value: float = 0.0  # the median, in reais


NONE, OPTIONAL, REQUIRED = ValueMode.NONE, ValueMode.OPTIONAL, ValueMode.REQUIRED
ACHIEVED, LOST, QUESTION, OTHER = Category.ACHIEVED, Category.LOST, Category.QUESTION, Category.OTHER

LENSES = (
    ("Quanto fica o óculos completo com lente antirreflexo?", "Com a armação {frame} fica a partir de {price}. Quer que eu simule com a sua receita?"),
    ("Vocês parcelam?", "Em até 10 vezes sem juros no cartão, ou 5% de desconto no Pix."),
    ("Segue a minha receita: OD -2,25 e OE -2,00", "Obrigada! Com esse grau a lente 1.60 já fica bem fina."),
    ("Em quantos dias fica pronto?", "De 5 a 7 dias úteis. Avisamos aqui assim que chegar."),
)  # fmt: skip
FRAMES = (
    ("Vocês têm a armação {frame}?", "Temos sim, na cor preta e na tartaruga. Quer ver as fotos?"),
    ("Quero, por favor", "Enviei as duas. A preta é a que mais sai."),
    ("Qual o valor?", "Ela está por {price}."),
    ("Pode separar para mim?", "Separada no seu nome até amanhã às 18h."),
)  # fmt: skip
CONTACTS = (
    ("Oi, preciso de lentes de contato mensais", "Claro! Qual é o grau e a marca que você usa?"),
    ("Grau -3,00 nos dois olhos, marca Lumina", "Temos em estoque. A caixa com 6 sai por {price}."),
    ("Entregam em casa?", "Entregamos na região em até 2 dias úteis, sem frete acima de R$ 250."),
)
EXAM = (
    ("Queria marcar exame de vista", "Temos horário na quinta às 10h ou no sábado às 9h30. Qual prefere?"),
    ("Sábado 9h30", "Marcado! Traga um documento e os óculos que você usa hoje."),
)
REPAIR = (
    ("A haste do meu óculos {frame} soltou", "Pode trazer aqui, o ajuste é feito na hora."),
    ("Tem custo?", "O ajuste é cortesia. Se precisar trocar a peça, avisamos antes."),
)

ENDINGS = (
    Ending(ACHIEVED, "Venda de óculos de grau", REQUIRED, 17, LENSES, ("Perfeito, vou fechar então", "Pedido confirmado! Obrigada pela preferência."), 689),
    Ending(ACHIEVED, "Venda de óculos de sol", REQUIRED, 9, FRAMES, ("Fechado, passo aí hoje", "Combinado, até mais tarde!"), 349),
    Ending(ACHIEVED, "Venda de lentes de contato", REQUIRED, 8, CONTACTS, ("Pode mandar 2 caixas", "Pedido feito, o link de pagamento está acima."), 219),
    Ending(ACHIEVED, "Exame de vista agendado", NONE, 8, EXAM, ("Obrigada!", "Nós que agradecemos, até lá.")),
    Ending(ACHIEVED, "Ajuste ou conserto resolvido", OPTIONAL, 6, REPAIR, ("Ficou ótimo, valeu", "Que bom! Qualquer coisa é só chamar."), 45),
    Ending(LOST, "Preço acima do esperado", OPTIONAL, 8, LENSES, ("Achei caro, vou pesquisar mais", "Entendo! O orçamento vale por 10 dias."), 720),
    Ending(LOST, "Comprou em outra loja", NONE, 4, FRAMES, ("Acabei comprando em outro lugar", "Tudo bem, ficamos à disposição na próxima.")),
    Ending(LOST, "Sem o modelo em estoque", OPTIONAL, 4, FRAMES, ("Queria mesmo a azul", "Infelizmente a azul saiu de linha. Se voltar, avisamos."), 310),
    Ending(LOST, "Convênio não aceito", NONE, 3, EXAM, ("Vocês atendem pelo convênio?", "Ainda não atendemos convênios, só particular.")),
    Ending(LOST, "Prazo de entrega longo", NONE, 3, LENSES, ("Preciso para esta semana, não vai dar", "Que pena, o laboratório não consegue antes.")),
    Ending(LOST, "Parou de responder", NONE, 6, CONTACTS, ("Vou ver e te falo", "Ficou alguma dúvida? Vou encerrar por aqui, mas pode chamar quando quiser.")),
    Ending(QUESTION, "Prazo do pedido", NONE, 7, (("Meu óculos já chegou?", "Um instante que vou consultar o seu pedido."), ("Ok", "Está no laboratório, previsão de sexta-feira.")), ("Beleza, aguardo", "Avisamos assim que chegar!")),
    Ending(QUESTION, "Horário e endereço", NONE, 5, (("Que horas vocês fecham hoje?", "Até as 19h, e aos sábados até as 14h."), ("Onde fica a loja?", "Na Rua das Acácias, 120, ao lado da praça.")), ("Obrigado", "Esperamos você!")),
    Ending(QUESTION, "Formas de pagamento", NONE, 3, (("Aceitam Pix?", "Aceitamos Pix, cartão e dinheiro."), ("E parcelado?", "Em até 10 vezes sem juros.")), ("Certo, obrigada", "De nada!")),
    Ending(QUESTION, "Garantia e troca", NONE, 4, (("Minha lente riscou, tem garantia?", "A garantia é de 1 ano contra defeito de fabricação. Pode mandar uma foto?"), ("Mandei", "Pela foto podemos avaliar na loja, traga a nota fiscal.")), ("Levo amanhã", "Combinado.")),
    Ending(QUESTION, "Como ler a receita", NONE, 2, (("O que quer dizer ADD na receita?", "É o grau de perto, usado nas lentes multifocais."),), ("Ah, entendi!", "Se quiser, mande a receita que explicamos.")),
    Ending(OTHER, "Reclamação encaminhada", NONE, 2, (("Já é a segunda vez que o óculos vem errado", "Sinto muito. Vou passar agora mesmo para a gerência."),), ("Fico no aguardo", "A gerente liga ainda hoje.")),
    Ending(OTHER, "Fornecedor ou parceria", NONE, 1.5, (("Bom dia, represento uma marca de armações", "Bom dia! Compras é pelo e-mail da loja, por favor."),), ("Perfeito, envio por lá", "Obrigada.")),
    Ending(OTHER, "Engano", NONE, 1.5, (("É da farmácia?", "Não, aqui é a ótica."),), ("Desculpa, número errado", "Sem problema!")),
    Ending(OTHER, "Elogio", NONE, 1, (("Só passei para agradecer, o atendimento foi excelente", "Que alegria ler isso! Vou contar para a equipe."),), ("Merecem!", "Muito obrigada!")),
)  # fmt: skip

GREETINGS = (
    "Oi, bom dia",
    "Olá!",
    "Boa tarde",
    "Oi, tudo bem?",
    "Bom dia, tudo bem?",
    "Oi",
    "Olá, preciso de uma informação",
)
HELLOS = (
    "Olá! Aqui é {agent}, da ótica. Como posso ajudar?",
    "Oi, tudo bem? Sou {agent}, em que posso ajudar?",
    "Bom ter você aqui! {agent} falando, pode me contar.",
)
RETURNS = (
    "Oi, só mais uma coisa",
    "Esqueci de perguntar: vocês abrem no feriado?",
    "Mudei de ideia, ainda dá tempo?",
    "Pode me mandar o endereço de novo?",
    "Voltei! Posso trocar a cor da armação?",
)
RETURN_ANSWERS = ("Claro, já vejo para você.", "Sem problema, resolvido!", "Pronto, está tudo certo.")
MODELS = ("Aurora", "Vega", "Riviera", "Ipê", "Lótus", "Solar", "Brisa", "Marina")
FIRST_NAMES = ("Adriana", "Alice", "Antônio", "Beatriz", "Caio", "Carla", "Cláudio", "Daniela", "Davi", "Eduardo", "Fernanda", "Flávia", "Gustavo", "Helena", "Igor", "Isabela", "Joana", "João", "Jorge", "Juliana", "Larissa", "Leandro", "Lúcia", "Luiz", "Marcelo", "Mariana", "Miguel", "Natália", "Otávio", "Patrícia", "Pedro", "Priscila", "Renata", "Ricardo", "Rosa", "Samuel", "Sandra", "Sílvia", "Tatiana", "Tiago", "Vanessa", "Vinícius")  # fmt: skip
LAST_NAMES = ("Almeida", "Alves", "Araújo", "Barbosa", "Barros", "Batista", "Cardoso", "Castro", "Correia", "Costa", "Cunha", "Dias", "Freitas", "Gomes", "Gonçalves", "Lopes", "Machado", "Marques", "Martins", "Melo", "Moraes", "Moreira", "Nunes", "Pereira", "Pinto", "Ramos", "Ribeiro", "Santos", "Silva", "Vieira")  # fmt: skip

CONVERSATIONS = 20_000
CHANNELS = (("whatsapp", 78), ("webchat", 13), ("instagram", 9))
WEEKDAYS = (
    1.15,
    1.05,
    1.0,
    1.0,
    1.1,
    0.7,
    0.18,
)  # Monday first: how much is written, against an ordinary day
HOURS = (1, 1, 0, 0, 0, 1, 3, 8, 20, 34, 40, 36, 26, 30, 36, 38, 36, 30, 22, 14, 10, 8, 5, 2)
OPENS = 8
CLOSING_HOURS = (19, 19, 19, 19, 19, 14, 0)  # Monday first; 0: the shop stays closed


def fill(
    desk: Desk,
    facts: Facts | None = None,
    *,
    now: datetime,
    seed: int = 1,
    conversations: int = CONVERSATIONS,
    progress: Callable[[str, float], None] | None = None,
) -> ImportReport:
    """Fill an empty desk with people, reasons and `conversations` of the six months up to `now`.

    `facts` are brought up to date where they are given. `progress` is told what is being done and the share done.
    Errors: `Invalid` where the desk is in use.
    """
    if desk.number:
        raise Invalid("The demonstration data goes into an empty desk only; this one is in use.")
    tell = progress or (lambda _what, _share: None)
    tell("Inventing conversations", 0.0)
    began = now - timedelta(days=DAYS)
    team = desk.transact(lambda tx: _set_up(tx, began))
    story = _Story(Random(seed), team, now.astimezone(ZONE).replace(tzinfo=None, microsecond=0), tell)  # noqa: S311
    with TemporaryDirectory(prefix="desfecho-") as folder:
        file = Path(folder) / "demo.parquet"
        pq.write_table(story.tell(conversations), file)
        report = import_log(
            desk,
            file,
            "FROM source",
            SOURCE,
            timezone=str(ZONE),
            now=now,
            rejects_folder=Path(folder),
            reopen_cause=ReopenCause.MESSAGE,
            progress=lambda what, share: tell(what, 0.4 + 0.5 * share),
        )
    services.change_user(desk, SYSTEM, team[LEFT[0]].id, active=False, now=now - LEFT[1])
    if facts is not None:
        tell("Bringing the facts up to date", 0.9)
        facts.catch_up(desk)
    tell("Done", 1.0)
    return report


def _set_up(tx: Tx, at: datetime) -> dict[str, User]:
    """Add the people, by the name of their e-mail, and the reasons."""
    team = {}
    for name, nick, role in PEOPLE:
        team[nick] = services.invite_user(tx, SYSTEM, f"{nick}@exemplo.com.br", name, role, now=at)
    for ending in ENDINGS:
        services.create_reason(tx, SYSTEM, ending.reason, ending.category, ending.mode, now=at)
    felipe = Caller(team[ARCHIVES_AT_ONCE].id)
    services.set_archive_preference(tx, felipe, ArchivePreference.IMMEDIATELY, now=at)
    return team


COLUMNS = (
    "conversation", "event", "occurred_at", "contact", "contact_name", "channel", "agent", "direction", "body",
    "category", "reason", "value", "archive",
)  # fmt: skip
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass(slots=True)
class _Person:
    """A contact."""

    address: str
    name: str
    channel: str


@dataclass(slots=True)
class _Thread:
    """One conversation while it is being told. Times are seconds since the story began, in local time."""

    name: str
    contact: _Person
    at: float
    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, event: str, **what: Any) -> None:
        self.events.append({"event": event, "at": self.at, **what})

    def says(self, body: str) -> None:
        self.add("message", direction="in", body=body)

    def answers(self, agent: str, body: str) -> None:
        self.add("message", direction="out", agent=agent, body=body)

    def end_before(self, by: float, now: float) -> None:
        """Tell it faster, so that it ends at `by`, where it would end later than `now`."""
        began, ended = self.events[0]["at"], self.at
        if ended > now:
            pace = (by - began) / (ended - began)
            for event in self.events:
                event["at"] = began + (event["at"] - began) * pace
            self.at = by


class _Story:
    """Invents conversations one after the other, in the order they begin."""

    def __init__(
        self, rng: Random, team: dict[str, User], now: datetime, tell: Callable[[str, float], None]
    ) -> None:
        self._rng = rng
        self._tell = tell
        self._began = (now - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0)
        self._now = (now - self._began).total_seconds()
        self._left = (
            self._now - (LEFT[1] + timedelta(days=3)).total_seconds()
        )  # their last conversation begins before
        self._names = {nick: team[nick].name.split()[0] for nick in WORKLOAD}
        self._emails = {nick: str(team[nick].email) for nick in WORKLOAD}
        self._endings = list(accumulate(ending.weight for ending in ENDINGS))
        self._people = 0

    def tell(self, conversations: int) -> pa.Table:
        """The log as a table of COLUMNS, one row per event."""
        still_open = min(90, max(4, conversations // 200))
        beginnings = sorted(
            [(at, False) for at in self._beginnings(conversations - still_open)]
            + [(at, True) for at in self._recent_beginnings(still_open)]
        )
        columns: dict[str, list[Any]] = {column: [] for column in COLUMNS}
        busy: list[tuple[float, int, _Person]] = []  # until when a contact has no new conversation
        free: list[_Person] = []
        for number, (at, stays_open) in enumerate(beginnings, 1):
            while busy and busy[0][0] <= at:
                free.append(heapq.heappop(busy)[2])
            thread = _Thread(f"D{number:06}", self._contact(free), at)
            if stays_open:
                self._open(thread)
            else:
                free_at = self._concluded(thread)
                heapq.heappush(busy, (free_at, number, thread.contact))
            self._write(thread, columns)
            if number % 2000 == 0:
                self._tell("Inventing conversations", 0.4 * number / len(beginnings))
        columns["occurred_at"] = [
            self._began + timedelta(seconds=int(seconds)) for seconds in columns["occurred_at"]
        ]
        types = {"occurred_at": pa.timestamp("us")}
        return pa.table(
            {name: pa.array(values, types.get(name, pa.string())) for name, values in columns.items()}
        )

    def _beginnings(self, count: int) -> list[float]:
        """When contacts write first: by day of the week and hour, growing a little over the months."""
        weights = []
        for day in range(DAYS + 1):
            weekday = (self._began + timedelta(days=day)).weekday()
            weights.append(WEEKDAYS[weekday] * (1 + 0.4 * day / DAYS) * self._rng.lognormvariate(0, 0.12))
        days = self._rng.choices(range(DAYS + 1), weights, k=count)
        hours = self._rng.choices(range(24), HOURS, k=count)
        times = [
            day * DAY + hour * HOUR + self._rng.random() * HOUR for day, hour in zip(days, hours, strict=True)
        ]
        latest = self._now - 2 * HOUR
        return [at if at < latest else latest - self._rng.random() * 3 * DAY for at in times]

    def _recent_beginnings(self, count: int) -> list[float]:
        """Those of the conversations that are open at the end: most of today, a few of the days before."""
        return [
            self._now - 5 * MINUTE - min(self._rng.expovariate(1 / (5 * HOUR)), 44 * HOUR)
            for _ in range(count)
        ]

    def _contact(self, free: list[_Person]) -> _Person:
        """Somebody who wrote before and has no conversation now, or somebody new."""
        rng = self._rng
        if free and rng.random() < 0.4:
            place = rng.randrange(len(free))
            free[place], free[-1] = free[-1], free[place]
            return free.pop()
        self._people += 1
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        (channel,) = rng.choices([name for name, _ in CHANNELS], [share for _, share in CHANNELS])
        address = {
            "whatsapp": f"55119000{self._people:05}",
            "webchat": f"visitante-{self._people:05}",
            "instagram": f"@{first}.{last}.{self._people}".lower(),
        }[channel]
        return _Person(address, f"{first} {last}", channel)

    def _agent(self, at: float) -> str:
        nicks = [nick for nick in WORKLOAD if nick != LEFT[0] or at < self._left]
        return self._rng.choices(nicks, [WORKLOAD[nick] for nick in nicks])[0]

    def _ending(self) -> Ending:
        return ENDINGS[bisect(self._endings, self._rng.random() * self._endings[-1])]

    def _pause(self, thread: _Thread, typical: float) -> None:
        thread.at += 8 + self._rng.expovariate(1 / typical)

    def _shop_pause(self, thread: _Thread, typical: float) -> None:
        """The team's pause, which lasts until the shop is open."""
        self._pause(thread, typical)
        thread.at = self._when_open(thread.at)

    def _when_open(self, at: float) -> float:
        """`at`, or a little after the next opening of the shop."""
        day, hour = divmod(at, DAY)
        closes = self._closes(int(day))
        if OPENS * HOUR <= hour < closes * HOUR:
            return at
        if hour >= OPENS * HOUR:
            day += 1
        while not self._closes(int(day)):
            day += 1
        return day * DAY + OPENS * HOUR + self._rng.random() * HOUR

    def _closes(self, day: int) -> int:
        """The hour at which the shop closes; 0: it does not open."""
        return CLOSING_HOURS[(self._began.weekday() + day) % 7]

    # One conversation -----------------------------------------------------------------------------

    def _opened(self, thread: _Thread) -> None:
        thread.add("opened")
        thread.says(self._rng.choice(GREETINGS))

    def _taken(self, thread: _Thread, agent: str) -> None:
        thread.add("assigned", agent=self._emails[agent])
        self._pause(thread, 20)
        self._answers(thread, agent, self._rng.choice(HELLOS), {})

    def _answers(self, thread: _Thread, agent: str, body: str, words: dict[str, str]) -> None:
        thread.answers(self._emails[agent], body.format(agent=self._names[agent], **words))

    def _words(self, ending: Ending) -> dict[str, str]:
        price = self._value(ending.typical_value or 249)
        return {"frame": self._rng.choice(MODELS), "price": "R$ " + price.replace(".", ",")}

    def _value(self, typical: float) -> str:
        """Money around `typical`, as prices are."""
        return (
            f"{math.floor(typical * self._rng.lognormvariate(0, 0.5)) + self._rng.choice((0, 0.5, 0.9)):.2f}"
        )

    def _turns(self, thread: _Thread, agent: str, ending: Ending, turns: Sequence[tuple[str, str]]) -> None:
        words = self._words(ending)
        for ask, answer in turns:
            self._pause(thread, 5 * HOUR if self._rng.random() < 0.03 else 80)
            thread.says(ask.format(**words))
            self._shop_pause(thread, 110)
            self._answers(thread, agent, answer, words)

    def _concluded(self, thread: _Thread) -> float:
        """A whole conversation; returns from when on the contact may begin another."""
        rng = self._rng
        ending, agent = self._ending(), self._agent(thread.at)
        self._opened(thread)
        if ending.category is OTHER and rng.random() < 0.6:  # concluded from `new`, nobody takes it
            self._pause(thread, 40)
            thread.says(ending.turns[0][0])
            self._shop_pause(thread, 10 * MINUTE)
        else:
            self._shop_pause(thread, 7 * MINUTE)
            self._taken(thread, agent)
            self._turns(thread, agent, ending, ending.turns[: rng.randint(1, len(ending.turns))])
            self._pause(thread, 100)
            thread.says(ending.closing[0])
            self._shop_pause(thread, 60)
            self._answers(thread, agent, ending.closing[1], {})
        self._conclude(thread, agent, ending)
        at_once = agent == ARCHIVES_AT_ONCE
        while not at_once and rng.random() < 0.115:
            self._come_back(thread, agent)
            ending = ending if rng.random() < 0.7 else self._ending()
            self._shop_pause(thread, 3 * MINUTE)
            self._answers(thread, agent, rng.choice(RETURN_ANSWERS), {})
            self._conclude(thread, agent, ending)
        if rng.random() < 0.05 and ending.typical_value:
            self._pause(thread, 3 * HOUR)
            self._classify(thread, "classified", agent, ending, surely=True)
        left = self._now - 1 - thread.events[0]["at"]
        thread.end_before(thread.events[0]["at"] + left * rng.uniform(0.2, 1), self._now - 1)
        concluded_at: float = max(event["at"] for event in thread.events if event["event"] == "concluded")
        return max(thread.at, concluded_at + (0 if at_once else ARCHIVE_AFTER.total_seconds())) + MINUTE

    def _conclude(self, thread: _Thread, agent: str, ending: Ending) -> None:
        self._shop_pause(thread, 50)
        archive = "immediately" if agent == ARCHIVES_AT_ONCE else "after_12h"
        self._classify(thread, "concluded", agent, ending, archive=archive)

    def _classify(
        self, thread: _Thread, event: str, agent: str, ending: Ending, surely: bool = False, **more: str
    ) -> None:
        said: dict[str, Any] = {}
        if surely or self._rng.random() < 0.94:
            valued = ending.mode is REQUIRED or (ending.mode is OPTIONAL and self._rng.random() < 0.6)
            said = {
                "category": ending.category,
                "reason": ending.reason,
                "value": self._value(ending.typical_value) if valued else None,
            }
        thread.add(event, agent=self._emails[agent], **said, **more)

    def _come_back(self, thread: _Thread, agent: str) -> None:
        """The contact writes again inside the 12 hours."""
        thread.at += min(3 * MINUTE + self._rng.expovariate(1 / (2 * HOUR)), 11.9 * HOUR)
        thread.says(self._rng.choice(RETURNS))
        thread.add("reopened", agent=self._emails[agent])

    def _open(self, thread: _Thread) -> None:
        """A conversation that nobody has concluded yet."""
        rng = self._rng
        ending, agent = self._ending(), self._agent(thread.at)
        self._opened(thread)
        stage = rng.random()
        if stage < 0.35:
            self._pause(thread, 60)
            thread.says(ending.turns[0][0].format(**self._words(ending)))
        else:
            self._pause(thread, 4 * MINUTE)
            self._taken(thread, agent)
            words = self._words(ending)
            for ask, answer in ending.turns[: rng.randint(1, len(ending.turns))]:
                self._pause(thread, 5 * MINUTE)
                thread.says(ask.format(**words))
                if rng.random() < 0.8:
                    self._pause(thread, 3 * MINUTE)
                    self._answers(thread, agent, answer, words)
            if stage > 0.9 and agent != ARCHIVES_AT_ONCE:
                self._pause(thread, 3 * MINUTE)
                thread.add("concluded", agent=self._emails[agent], archive="after_12h")
                self._come_back(thread, agent)
        thread.end_before(self._now - 1, self._now - 1)

    @staticmethod
    def _write(thread: _Thread, columns: dict[str, list[Any]]) -> None:
        for place, event in enumerate(thread.events):
            first = place == 0
            columns["conversation"].append(thread.name)
            columns["event"].append(event["event"])
            columns["occurred_at"].append(event["at"])
            columns["contact"].append(thread.contact.address if first else None)
            columns["contact_name"].append(thread.contact.name if first else None)
            columns["channel"].append(thread.contact.channel if first else None)
            for column in ("agent", "direction", "body", "category", "reason", "value", "archive"):
                columns[column].append(event.get(column))
