"""What there is to ask about, in the words of the schema."""

import pandas as pd

from core.facts import Facts
from core.reports.filter import sql


def dictionary(facts: Facts) -> pd.DataFrame:
    """view_name, column_name and data_type (None: the view itself), meaning. A view comes before its columns."""
    return facts.frame(sql("dictionary"), {})
