package model

// Observed is what the EX Org says of one object now, reduced to what EXCS controls or decides by. Adapters fill it
// from API answers; plan and apply compare it with an Object.
type Observed struct {
	Kind Kind   `json:"kind"`
	EXID string `json:"exId"`
	Name string `json:"name,omitempty"`
	// Version is the user's optimistic lock (0 where the API has none).
	Version int `json:"version,omitempty"`
	// Deleted is a soft-deleted user, skill or language; Deactivated a source that was switched off.
	Deleted     bool `json:"deleted,omitempty"`
	Deactivated bool `json:"deactivated,omitempty"`

	Email        string     `json:"email,omitempty"`
	State        UserState  `json:"state,omitempty"`
	DivisionID   string     `json:"divisionId,omitempty"`
	ExternalKeys []string   `json:"externalKeys,omitempty"` // the user's keys under EXCS's authority; nil: not read
	Skills       []Assigned `json:"skills,omitempty"`
	Languages    []Assigned `json:"languages,omitempty"`

	PeerID string `json:"peerId,omitempty"` // queue

	Members []string `json:"members,omitempty"` // members: EX ids of users that are members as users (memberBy=user)
}

// Assigned is one skill or language that an EX Org user has.
type Assigned struct {
	EXID  string      `json:"exId"`
	Name  string      `json:"name,omitempty"`
	Level Proficiency `json:"level"`
}
