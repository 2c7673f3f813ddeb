package engagetest

import (
	"fmt"
	"strings"
)

// Tier is the size of a site.
type Tier int

// The tiers. Tiny is for fast tests; the others are the sizes that real sites have.
const (
	Tiny Tier = iota + 1
	Small
	Medium
	Large
	Stress
)

// Tiers returns all tiers, from the smallest to the largest.
func Tiers() []Tier { return []Tier{Tiny, Small, Medium, Large, Stress} }

// String returns the tier's name in lower case.
func (t Tier) String() string {
	switch t {
	case Tiny:
		return "tiny"
	case Small:
		return "small"
	case Medium:
		return "medium"
	case Large:
		return "large"
	case Stress:
		return "stress"
	}
	return fmt.Sprintf("Tier(%d)", int(t))
}

// ParseTier returns the tier of a name, in any case.
func ParseTier(name string) (Tier, error) {
	var names []string
	for _, t := range Tiers() {
		if strings.EqualFold(t.String(), name) {
			return t, nil
		}
		names = append(names, t.String())
	}
	return 0, fmt.Errorf("tier %q is unknown: use one of %s", name, strings.Join(names, ", "))
}

// Size is the number of objects of a tier. All but QueueMembers are exact and count the tenant under test.
type Size struct {
	Persons         int // agents and others; every 20th (5 %) is not an agent
	DisabledPercent int // share of Persons that are disabled

	Skills    int // languages included
	Languages int

	LevelsMean int // skill levels per agent
	LevelsMax  int // the agent with the most has so many

	// DNs counts all types. No evidence was found of how many ACD Queues, Routing Points and Routing Queues a site has beside its
	// Virtual Queues. The numbers assume a site that routes with Virtual Queues: Routing Points are its entry points (one per a handful of
	// Virtual Queues), ACD Queues are for parking and legacy use, Routing Queues are rare. Under the rules of July 2023 all four become
	// queues, and an EX Org takes 5,000: so the sum stays below in every tier, with room for a test to add some.
	DNs           int
	VirtualQueues int
	ACDQueues     int
	RoutingPoints int
	RoutingQueues int

	Groups            int // agent groups
	ExpressionPercent int // share of Groups that are skill expressions
	Memberships       int // explicit members of the others

	// QueueMembers is the sum of the members of all queues, with disabled persons left out: held within 15 %.
	QueueMembers int

	WrapUps int // values of the attribute DispositionCode
	Values  int // values of all attributes
	Props   int // rows of cfg_flex_prop

	Switches int
}

// Agents returns the number of persons that are agents.
func (z Size) Agents() int { return z.Persons - z.Persons/20 }

// Queues returns the number of DNs of the four types that become queues.
func (z Size) Queues() int { return z.VirtualQueues + z.ACDQueues + z.RoutingPoints + z.RoutingQueues }

// Disabled returns the number of disabled persons.
func (z Size) Disabled() int { return z.Persons * z.DisabledPercent / 100 }

// Expressions returns the number of groups that are skill expressions.
func (z Size) Expressions() int { return z.Groups * z.ExpressionPercent / 100 }

// Size returns the number of objects of the tier. It panics for a number that is no tier.
func (t Tier) Size() Size {
	switch t {
	case Tiny:
		return Size{
			Persons: 30, DisabledPercent: 10, Skills: 12, Languages: 3, LevelsMean: 3, LevelsMax: 6,
			DNs: 60, VirtualQueues: 6, ACDQueues: 2, RoutingPoints: 2, RoutingQueues: 2,
			Groups: 6, ExpressionPercent: 50, Memberships: 30, QueueMembers: 80, WrapUps: 8, Values: 40, Props: 400, Switches: 2,
		}
	case Small:
		return Size{
			Persons: 500, DisabledPercent: 3, Skills: 40, Languages: 5, LevelsMean: 5, LevelsMax: 15,
			DNs: 1_200, VirtualQueues: 40, ACDQueues: 10, RoutingPoints: 20, RoutingQueues: 5,
			Groups: 30, ExpressionPercent: 30, Memberships: 1_000, QueueMembers: 3_000, WrapUps: 30, Values: 335, Props: 10_000, Switches: 2,
		}
	case Medium:
		return Size{
			Persons: 2_000, DisabledPercent: 5, Skills: 200, Languages: 12, LevelsMean: 8, LevelsMax: 40,
			DNs: 5_000, VirtualQueues: 300, ACDQueues: 40, RoutingPoints: 80, RoutingQueues: 15,
			Groups: 200, ExpressionPercent: 50, Memberships: 10_000, QueueMembers: 40_000, WrapUps: 150, Values: 1_500, Props: 60_000, Switches: 3,
		}
	case Large:
		return Size{
			Persons: 10_000, DisabledPercent: 10, Skills: 1_000, Languages: 25, LevelsMean: 12, LevelsMax: 100,
			DNs: 25_000, VirtualQueues: 2_000, ACDQueues: 120, RoutingPoints: 400, RoutingQueues: 60,
			Groups: 2_000, ExpressionPercent: 60, Memberships: 80_000, QueueMembers: 300_000, WrapUps: 600, Values: 6_000, Props: 400_000,
			Switches: 6,
		}
	case Stress:
		return Size{
			Persons: 30_000, DisabledPercent: 10, Skills: 3_000, Languages: 40, LevelsMean: 15, LevelsMax: 150,
			DNs: 70_000, VirtualQueues: 4_800, ACDQueues: 30, RoutingPoints: 80, RoutingQueues: 20,
			Groups: 5_000, ExpressionPercent: 60, Memberships: 300_000, QueueMembers: 1_000_000, WrapUps: 1_000, Values: 10_000, Props: 1_200_000,
			Switches: 10,
		}
	}
	panic(t.String() + " is no tier: use Tiny, Small, Medium, Large or Stress")
}
