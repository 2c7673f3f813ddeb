package exorg

import (
	"fmt"
	"slices"
	"strings"
)

// region is one row of the table of regions (FACTS X18, from the official provider).
type region struct{ aws, domain string }

func regions() []region {
	return []region{
		{"us-east-1", "mypurecloud.com"},
		{"us-east-2", "use2.us-gov-pure.cloud"},
		{"us-west-2", "usw2.pure.cloud"},
		{"ca-central-1", "cac1.pure.cloud"},
		{"sa-east-1", "sae1.pure.cloud"},
		{"mx-central-1", "mxc1.pure.cloud"},
		{"eu-west-1", "mypurecloud.ie"},
		{"eu-west-2", "euw2.pure.cloud"},
		{"eu-central-1", "mypurecloud.de"},
		{"eu-central-2", "euc2.pure.cloud"},
		{"eusc-de-east-1", "edee1.eusc-pure.cloud"},
		{"ap-northeast-1", "mypurecloud.jp"},
		{"ap-northeast-2", "apne2.pure.cloud"},
		{"ap-northeast-3", "apne3.pure.cloud"},
		{"ap-southeast-1", "apse1.pure.cloud"},
		{"ap-southeast-2", "mypurecloud.com.au"},
		{"ap-south-1", "aps1.pure.cloud"},
		{"me-central-1", "mec1.pure.cloud"},
	}
}

// Regions lists the domains that a secret's region may name, in the order of the vendor's table.
func Regions() []string {
	all := regions()
	out := make([]string, 0, len(all))
	for _, r := range all {
		out = append(out, r.domain)
	}
	return out
}

// regionDomain takes a domain or the AWS name of a region. A region that is not in the table is refused: a misspelt one would send the secret to a
// stranger's host. apiUrl and loginUrl are there for a region that is newer than the table.
func regionDomain(text string) (string, error) {
	name := strings.ToLower(strings.TrimSpace(text))
	all := regions()
	i := slices.IndexFunc(all, func(r region) bool { return r.domain == name || r.aws == name })
	if i < 0 {
		return "", fmt.Errorf("region %q is unknown: use one of %s, or give apiUrl and loginUrl", text, strings.Join(Regions(), ", "))
	}
	return all[i].domain, nil
}
