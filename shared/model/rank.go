package model

// Rank orders requests to the EX Org when the budget is short.
type Rank int

// The ranks: what people changed goes before drift and bulk work, which leave a share of the budget free.
const (
	RankPeople Rank = iota
	RankBulk
)
