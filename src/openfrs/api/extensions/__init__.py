"""Operations beyond FRS, under ``/x/v1``."""
