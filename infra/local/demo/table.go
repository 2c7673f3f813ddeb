package main

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"

	"excs/shared/model"
	"excs/shared/plan"
)

// kindOfRoute says for which kind a call was made; "" for what serves all of them: lists of the organisation, tokens,
// the home division.
func kindOfRoute(route string) model.Kind {
	method, path, _ := strings.Cut(route, " ")
	path = strings.TrimPrefix(path, "/api/v2")
	if method == "GET" && strings.Count(path, "{") == 0 {
		return ""
	}
	for _, p := range []struct {
		prefix string
		kind   model.Kind
	}{
		{"/users", model.KindUser},
		{"/authorization/divisions/", model.KindUser},
		{"/routing/skills", model.KindSkill},
		{"/routing/languages", model.KindLanguage},
		{"/routing/wrapupcodes", model.KindWrapUpCode},
		{"/presence/sources", model.KindSource},
	} {
		if strings.HasPrefix(path, p.prefix) {
			return p.kind
		}
	}
	if strings.HasPrefix(path, "/routing/queues") {
		if strings.Contains(path, "/members") {
			return model.KindMembers
		}
		return model.KindQueue
	}
	return ""
}

// spent counts the server's calls by kind; "" holds those that serve all.
func spent(calls map[string]int) map[model.Kind]int {
	by := map[model.Kind]int{}
	for route, n := range calls {
		if strings.HasSuffix(route, "/oauth/token") {
			continue
		}
		by[kindOfRoute(route)] += n
	}
	return by
}

// table prints a plan that was carried out, per kind, with the calls that the server counted.
func table(out io.Writer, p plan.Plan, calls map[string]int) error {
	by := spent(calls)
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "kind\tin Engage\tcreated\tupdated\tremoved\tunchanged\trejected\tAPI calls\tcalls per object\t")
	for _, k := range model.Kinds() {
		c := p.Counts[k]
		updated := c.Update + c.Adopt + c.Restore
		removed := c.Delete + c.Empty + c.Deactivate + c.Orphan
		each := "-"
		if touched := c.Create + updated + removed; touched > 0 && by[k] > 0 {
			each = fmt.Sprintf("%.2f", float64(by[k])/float64(touched))
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t\n", k, c.Engage, c.Create, updated, removed, c.Unchanged, c.Rejected, by[k], each)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(out, "beside these, for all of them together: %d calls (%s)\n", by[""], shared(calls))
	return nil
}

func shared(calls map[string]int) string {
	var parts []string
	for route, n := range calls {
		if kindOfRoute(route) == "" && !strings.HasSuffix(route, "/oauth/token") {
			parts = append(parts, fmt.Sprintf("%s ×%d", strings.Replace(route, "/api/v2", "", 1), n))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}
