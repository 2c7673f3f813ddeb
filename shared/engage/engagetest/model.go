package engagetest

import "slices"

// State is the CfgObjectState of an object.
type State int

// The states that occur. Whether rows in StateDeleted ever stay in the tables is not publicly known.
const (
	StateEnabled  State = 1
	StateDisabled State = 2
	StateDeleted  State = 3
)

// DNType is the CfgDNType of a DN.
type DNType int

// The DN types that a site holds. The first four become queues of the EX Org.
const (
	ACDQueue     DNType = 3
	RoutingPoint DNType = 4
	VirtualQueue DNType = 5
	RoutingQueue DNType = 22
	Extension    DNType = 1
	ACDPosition  DNType = 2
	VoiceMail    DNType = 8
	Trunk        DNType = 14
	TrunkGroup   DNType = 15
)

// QueueTypes returns the DN types that become queues of the EX Org under the rules of July 2023.
func QueueTypes() []DNType { return []DNType{ACDQueue, RoutingPoint, VirtualQueue, RoutingQueue} }

// IsQueue reports whether DNs of the type become queues of the EX Org under the rules of July 2023.
func (t DNType) IsQueue() bool { return slices.Contains(QueueTypes(), t) }

// ObjectType is the CfgObjectType of an object: what cfg_flex_prop.object_type holds.
type ObjectType int

// The object types that a site holds.
const (
	ObjectSwitch      ObjectType = 1
	ObjectDN          ObjectType = 2
	ObjectPerson      ObjectType = 3
	ObjectAgentGroup  ObjectType = 5
	ObjectPlaceGroup  ObjectType = 6
	ObjectTenant      ObjectType = 7
	ObjectSkill       ObjectType = 13
	ObjectAgentLogin  ObjectType = 15
	ObjectTransaction ObjectType = 16
	ObjectEnumerator  ObjectType = 35
	ObjectValue       ObjectType = 36
)

// GroupType is the CfgGroupType of a row of cfg_group.
type GroupType int

// The group types that share the table cfg_group.
const (
	AgentGroup GroupType = 1
	PlaceGroup GroupType = 2
	DNGroup    GroupType = 3
)

// Texts: in every row an empty text is stored as NULL. A row whose Blanks is true stores an empty string instead: Oracle
// knows no difference, the other DBMSs do. A reference of 0 is stored as NULL.

// Tenant is a row of cfg_tenant.
type Tenant struct {
	DBID  int64
	Name  string
	State State
}

// Switch is a row of cfg_switch.
type Switch struct {
	DBID, Tenant int64
	Name         string
	State        State
}

// Person is a row of cfg_person.
type Person struct {
	DBID, Tenant                      int64
	EmployeeID, UserName, First, Last string
	Email                             string
	Agent, Blanks                     bool
	State                             State
}

// Skill is a row of cfg_skill.
type Skill struct {
	DBID, Tenant int64
	Name         string
	State        State
}

// Level is a row of cfg_skill_level: a Person has a Skill at a level. Null stores NULL for the level.
type Level struct {
	Person, Skill int64
	Level         int
	Null          bool
}

// Login is a row of cfg_agent_login: a code that an agent logs in with on a switch.
type Login struct {
	DBID, Tenant, Switch int64
	Code                 string
	State                State
}

// LoginInfo is a row of cfg_login_info: a Person has a login.
type LoginInfo struct{ Person, Login int64 }

// Group is a row of cfg_group. Its skill expression, if it is a virtual agent group, is an option of the annex (Site.Script).
type Group struct {
	DBID, Tenant int64
	Type         GroupType
	Name         string
	State        State
}

// Member is a row of cfg_agent_group: an explicit agent of a group.
type Member struct{ Group, Person int64 }

// Link is a row of the group-to-origination-DN table: a group takes calls from the DN.
type Link struct{ Group, DN int64 }

// DN is a row of cfg_dn. Alias is the column name.
type DN struct {
	DBID, Tenant, Switch int64
	Type                 DNType
	Number, Alias        string
	State                State
	Blanks               bool
}

// Attribute is a row of the business attribute table.
type Attribute struct {
	DBID, Tenant int64
	Name         string
	DisplayName  string
	Type         int // CfgEnumeratorType
	State        State
}

// Value is a row of the attribute value table: a wrap-up code, a language, …
type Value struct {
	DBID, Tenant, Attribute int64
	Name, DisplayName       string
	Default, Blanks         bool
	State                   State
}

// Transaction is a row of the transaction table. The vendor keeps its settings in the annex of one named HybridIntegration.
type Transaction struct {
	DBID, Tenant int64
	Name, Alias  string
	Type         int // CfgTransactionType
	State        State
}

// Prop is a row of cfg_flex_prop, the annex: a section (Parent 0) or an option of the section Parent. A value longer than a row holds
// is several rows with the same DBID and rising Part.
type Prop struct {
	DBID, Object, Parent int64
	Type                 ObjectType
	Part                 int
	RootNull             bool // a section whose parent_dbid is NULL, whatever the schema says
	Name, Value          string
}

// Names that the rules know.
const (
	HybridIntegration = "hybrid_integration" // the transaction object of the vendor's settings
	WrapUpAttribute   = "DispositionCode"    // the business attribute whose values are the wrap-up codes
	LanguageAttribute = "Language"           // the business attribute whose values name the languages
	ScriptSection     = "virtual"            // the annex section of a virtual agent group
	ScriptOption      = "script"             // the option that holds the skill expression
)

// Site is the model of a Configuration Database. The slices are the rows; those of objects rise by DBID, so that Editor can search them.
// A Site is not safe for concurrent use.
type Site struct {
	// Tenant is the tenant under test: what the tier's numbers count.
	Tenant int64
	// Schema says how tables and columns are called, and what is missing.
	Schema Schema

	Tenants      []Tenant
	Switches     []Switch
	Persons      []Person
	Skills       []Skill
	Levels       []Level
	Logins       []Login
	LoginInfos   []LoginInfo
	Groups       []Group
	Members      []Member
	Links        []Link
	DNs          []DN
	Attributes   []Attribute
	Values       []Value
	Transactions []Transaction
	Props        []Prop

	last lastDBIDs
}

// lastDBIDs is the highest DBID ever given per sequence. Configuration Server never uses a DBID again.
type lastDBIDs struct {
	tenant, swtch, person, skill, login, group, dn, attribute, value, transaction, prop int64
}

// next gives the next DBID of a sequence.
func next(last *int64) int64 {
	*last++
	return *last
}

// Clone returns a deep copy: a backup that Editor.RestoreBackup can bring back.
func (s *Site) Clone() *Site {
	c := *s
	c.Schema = s.Schema.clone()
	from, to := s.byTable(), c.byTable()
	for t := range to {
		to[t].take(from[t])
	}
	return &c
}

// rowsIn is a slice of rows of any type.
type rowsIn interface {
	keep(share float64) (left int)
	take(from rowsIn)
	len() int
}

// sliceOf is a slice of rows of one type.
type sliceOf[T any] struct{ rows *[]T }

// keep shortens the slice to a share of it.
func (s sliceOf[T]) keep(share float64) (left int) {
	left = int(float64(len(*s.rows)) * share)
	*s.rows = slices.Clone((*s.rows)[:left])
	return left
}

// take copies the rows of another slice of the same type.
func (s sliceOf[T]) take(from rowsIn) { *s.rows = slices.Clone(*from.(sliceOf[T]).rows) } //nolint:errcheck // both come from byTable

func (s sliceOf[T]) len() int { return len(*s.rows) }

// byTable returns the slice of each table. cfg_locale has none: its rows are the same in every site.
func (s *Site) byTable() map[Table]rowsIn {
	return map[Table]rowsIn{
		TableTenant: sliceOf[Tenant]{&s.Tenants}, TableSwitch: sliceOf[Switch]{&s.Switches}, TablePerson: sliceOf[Person]{&s.Persons},
		TableSkill: sliceOf[Skill]{&s.Skills}, TableLevel: sliceOf[Level]{&s.Levels}, TableLogin: sliceOf[Login]{&s.Logins},
		TableLoginInfo: sliceOf[LoginInfo]{&s.LoginInfos}, TableGroup: sliceOf[Group]{&s.Groups}, TableMember: sliceOf[Member]{&s.Members},
		TableLink: sliceOf[Link]{&s.Links}, TableDN: sliceOf[DN]{&s.DNs}, TableProp: sliceOf[Prop]{&s.Props},
		TableAttribute: sliceOf[Attribute]{&s.Attributes}, TableValue: sliceOf[Value]{&s.Values},
		TableTransaction: sliceOf[Transaction]{&s.Transactions},
	}
}

// Rows returns the number of rows that a table of the schema has.
func (s *Site) Rows(t Table) int {
	if !s.Schema.HasTable(t) {
		return 0
	}
	if rows, ok := s.byTable()[t]; ok {
		return rows.len()
	}
	return len(locales())
}
