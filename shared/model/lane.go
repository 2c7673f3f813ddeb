package model

// Lane is the queue on which a message travels. Urgent work (the first changes of a run, an operator's request) overtakes bulk
// work (RULES 8).
type Lane string

// The lanes.
const (
	LaneBulk   Lane = ""
	LaneUrgent Lane = "urgent"
)
