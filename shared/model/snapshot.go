package model

import "strings"

// CfgState is an Engage object's state (CfgObjectState): 1 enabled, 2 disabled, 3 deleted.
type CfgState int

// The states that Engage gives an object.
const (
	CfgEnabled  CfgState = 1
	CfgDisabled CfgState = 2
	CfgDeleted  CfgState = 3
)

// The DN types that can become queues (CfgDNType, FACTS E5).
const (
	DNACDQueue     = 3
	DNRoutingPoint = 4
	DNVirtualQueue = 5
	DNRoutingQueue = 22
)

// Table names one part of a snapshot in counts, proofs and messages: Engage's own table names, whatever the schema at
// hand calls them.
type Table string

// The parts of a snapshot.
const (
	TablePerson      Table = "cfg_person"
	TableSkill       Table = "cfg_skill"
	TableSkillLevel  Table = "cfg_skill_level"
	TableDN          Table = "cfg_dn"
	TableSwitch      Table = "cfg_switch"
	TableGroup       Table = "cfg_group"
	TableGroupAgent  Table = "cfg_agent_group"
	TableGroupDN     Table = "cfg_route_dn"
	TableScript      Table = "cfg_flex_prop"
	TableAttribute   Table = "cfg_enumerator"
	TableAttrValue   Table = "cfg_enumerator_value"
	TableTransaction Table = "cfg_transaction"
)

// ValuesOf names the values of one Business Attribute as a part of a snapshot of their own.
func ValuesOf(attribute string) Table { return TableAttrValue + "/" + Table(Fold(attribute)) }

// IsValues says whether the part is the values of one Business Attribute.
func (t Table) IsValues() bool { return t.attribute() != "" }

// attribute gives the Business Attribute that ValuesOf was asked for, "" for a table of Engage's.
func (t Table) attribute() string {
	name, _ := strings.CutPrefix(string(t), string(TableAttrValue)+"/")
	if name == string(t) {
		return ""
	}
	return name
}

// Tenant is the Engage tenant that the snapshot is of.
type Tenant struct {
	DBID  int64
	Name  string
	State CfgState
}

// Person is a row of cfg_person. Texts are trimmed and valid UTF-8; "" stands for NULL too.
type Person struct {
	DBID       int64
	EmployeeID string
	UserName   string
	FirstName  string
	LastName   string
	Email      string
	IsAgent    bool
	State      CfgState
}

// Skill is a row of cfg_skill.
type Skill struct {
	DBID  int64
	Name  string
	State CfgState
}

// SkillLevel is a row of cfg_skill_level. A NULL level reads as 0.
type SkillLevel struct {
	Person int64
	Skill  int64
	Level  int
}

// DN is a row of cfg_dn of one of the types that can become queues.
type DN struct {
	DBID   int64
	Number string
	Alias  string
	Type   int
	State  CfgState
	Switch string // the switch's name, "" when it is unknown
	// SwitchDBID is the switch's DBID, 0 when there is none.
	SwitchDBID int64
}

// Group is an agent group. Script is the skill expression of a virtual agent group, joined from its parts exactly;
// HasScript tells an empty expression from none.
type Group struct {
	DBID      int64
	Name      string
	State     CfgState
	Script    string
	HasScript bool
}

// GroupAgent is an explicit member of an agent group.
type GroupAgent struct{ Group, Person int64 }

// GroupDN is one of a group's Origination DNs.
type GroupDN struct{ Group, DN int64 }

// AttributeValue is a value of a Business Attribute.
type AttributeValue struct {
	DBID        int64
	Attribute   string // the Business Attribute's name
	Name        string
	DisplayName string
	State       CfgState
}

// Attribute is a Business Attribute.
type Attribute struct {
	DBID  int64
	Name  string
	State CfgState
}

// NewestSpan is how far below the highest DBID a snapshot remembers which DBIDs there are.
const NewestSpan = 64

// Snapshot is everything read from Engage in one consistent read. Rows are in DBID order and belong to the tenant;
// dangling rows are gone and counted in Dropped.
type Snapshot struct {
	Tenant      Tenant
	Persons     []Person
	Skills      []Skill
	Levels      []SkillLevel
	DNs         []DN
	Groups      []Group
	GroupAgents []GroupAgent
	GroupDNs    []GroupDN
	Attributes  []Attribute
	Values      []AttributeValue

	// HasEmailColumn says whether cfg_person has an e-mail column at all.
	HasEmailColumn bool
	// Read counts the rows that arrived, per table, before dangling ones were dropped.
	Read map[Table]int
	// Total counts the rows of the whole table, foreign tenants included, for tables that have DBIDs.
	Total map[Table]int
	// Valued counts the values of each Business Attribute that was asked for, by the name that it was asked for under: 0
	// for one that has none, or that is not there.
	Valued map[string]int
	// Dropped counts dangling rows, per table.
	Dropped map[Table]int
	// Highest is the highest DBID per table that has DBIDs, deleted and foreign-tenant rows included.
	Highest map[Table]int64
	// Newest lists, per table that has DBIDs, the DBIDs within NewestSpan of the highest one, the highest first; deleted
	// and foreign-tenant rows included.
	Newest map[Table][]int64
	// Notes are things an administrator should know (a broken encoding, two transaction objects).
	Notes []Note
}
