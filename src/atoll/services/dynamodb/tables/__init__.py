"""Operations on tables, and the decisions they share."""
