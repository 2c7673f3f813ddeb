package sim

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"excs/shared/rules"
)

// seed names one life.
type seed struct {
	number uint64
	preset rules.Preset
	// edition is the newest edition of troubles that the life knows; 0: all.
	edition int
	// found says what the seed found, of one that is kept.
	found string
}

func (s seed) String() string {
	if s.found == "" {
		return fmt.Sprintf("seed %d, %s", s.number, s.preset)
	}
	return fmt.Sprintf("seed %d, %s (%s)", s.number, s.preset, s.found)
}

// trouble is a kind of things that go wrong or change.
type trouble string

const (
	troubleTable      trouble = "table"
	troubleQueue      trouble = "queue"
	troubleOrg        trouble = "org"
	troubleEngage     trouble = "engage"
	troubleKill       trouble = "kill"
	troubleKillRun    trouble = "kill run"
	troubleEvents     trouble = "events"
	troubleDuplicates trouble = "duplicates"
	troubleOverlap    trouble = "overlap"
	troubleSkew       trouble = "skew"
	troubleEdits      trouble = "edits"
	troubleReverts    trouble = "reverts"
	troubleRehires    trouble = "rehires"
	troubleRecreate   trouble = "recreate"
	troubleSwaps      trouble = "swaps"
	troubleAddresses  trouble = "addresses"
	troubleMeddle     trouble = "meddle"
	troubleErased     trouble = "erased"
	troubleTokens     trouble = "tokens"
	troubleOutage     trouble = "outage"
	troubleLongOutage trouble = "long outage"
	troubleBlind      trouble = "blind"
	troubleLagging    trouble = "lagging"
	troubleBackup     trouble = "backup"
	troubleDatabase   trouble = "database"
	troubleOtherOrg   trouble = "other org"
	troubleInvisible  trouble = "invisible"
	troubleDenied     trouble = "denied"
	troubleRefused    trouble = "refused"
	troubleOldTable   trouble = "old table"
	troubleSettings   trouble = "settings"
	troubleInhabited  trouble = "inhabited"
	troubleOperator   trouble = "operator"
	troubleForget     trouble = "forget"
	troubleLink       trouble = "link"
)

// editions say with which edition of the simulation each kind of trouble came. A kind, or a single fault or happening, that
// is added gets a new edition, so that the seeds that are kept go on meaning what they mean.
func editions() map[trouble]int {
	list := map[trouble]int{}
	for _, t := range []trouble{
		troubleTable, troubleQueue, troubleOrg, troubleEngage, troubleKill, troubleKillRun, troubleEvents, troubleDuplicates, troubleOverlap, troubleSkew,
		troubleEdits, troubleReverts, troubleRehires, troubleRecreate, troubleSwaps, troubleAddresses, troubleMeddle, troubleErased, troubleTokens, troubleOutage,
		troubleLongOutage, troubleBlind, troubleLagging, troubleBackup, troubleDatabase, troubleOtherOrg, troubleInvisible, troubleDenied, troubleRefused,
		troubleOldTable, troubleSettings, troubleInhabited, troubleOperator, troubleForget, troubleLink,
	} {
		list[t] = 1
	}
	return list
}

// troublesOf gives the troubles that a life knows. EXCS_SIM_TROUBLE narrows them to a list, or, after a minus, leaves some out.
func troublesOf(s seed) map[trouble]bool {
	text := os.Getenv("EXCS_SIM_TROUBLE")
	without := strings.HasPrefix(text, "-")
	named := strings.Split(strings.TrimPrefix(text, "-"), ",")
	known := map[trouble]bool{}
	for t, edition := range editions() {
		if s.edition == 0 || edition <= s.edition {
			known[t] = text == "" || slices.Contains(named, string(t)) != without
		}
	}
	return known
}

// livesOfATest is how many lives of each preset the tests run: about half a minute.
const livesOfATest = 15

// seeds are those that the flags ask for, of both presets.
func seeds() []seed {
	var list []seed
	n, first := *runsFlag, *seedFlag
	switch {
	case n == 0 && first != 0:
		n = 1
	case n == 0:
		n = livesOfATest
	}
	if first == 0 {
		first = 1
		list = append(list, regressions()...)
	}
	for i := range n {
		for _, preset := range rules.Presets() {
			if *presetFlag != "" && *presetFlag != string(preset) {
				continue
			}
			list = append(list, seed{number: first + uint64(i), preset: preset})
		}
	}
	return list
}

// regressions are seeds that once found a fault, with what they found. They are run first, every time.
func regressions() []seed {
	const (
		opened = "a run that only put the index right opened a restored table for writing"
		taken  = "a Person who was hired anew was deactivated after the new one had taken the user over, because the run that told of it had died"
		before = "an approval from before a restore of the table opened the restored one"
		unseen = "a queue whose delete answered 404 because its division was out of sight lived on for ever"
		nobody = "a user waited for ever for a skill that is gone from both sides"
	)
	return []seed{
		{40262, rules.Preset202307, 1, opened}, {40262, rules.PresetCurrent, 1, opened}, {60035, rules.PresetCurrent, 1, taken}, {60019, rules.PresetCurrent, 1, nobody},
		{70189, rules.Preset202307, 1, before}, {80029, rules.Preset202307, 1, unseen},
	}
}
