"""Operations on items, and the decisions they share."""
