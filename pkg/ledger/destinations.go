package ledger

import (
	"cmp"
	"maps"
	"slices"

	"breachnotify/pkg/campaign"
)

const (
	// maxDestinations bounds how many domains are counted at once, and with that the
	// memory that they take: some 30 MB.
	maxDestinations = 1 << 17
	// shownDestinations is how many of them are named.
	shownDestinations = 20
	// leastNamed is how many notices go to a destination that is named: one with fewer
	// can be the domain of a person.
	leastNamed = 5
)

// destinations counts notices by domain. Where there are more domains than it holds, it
// forgets the smaller half and goes on, so that what is left may be counted too low; the
// largest of these are then counted once more, alone.
type destinations struct {
	counts map[string]*campaign.NoticeCounts
	all    campaign.NoticeCounts
	room   int
	pruned bool
	closed bool // no further domain is taken in
}

func newDestinations() *destinations {
	return &destinations{counts: map[string]*campaign.NoticeCounts{}, room: maxDestinations}
}

func (d *destinations) add(domain []byte, s campaign.State) {
	d.all.Add(s, 1)
	counts, known := d.counts[string(domain)]
	if !known {
		if d.closed {
			return
		}
		if len(d.counts) == d.room {
			d.prune()
		}
		counts = &campaign.NoticeCounts{}
		d.counts[string(domain)] = counts
	}
	counts.Add(s, 1)
}

// prune forgets the smaller half.
func (d *destinations) prune() {
	totals := make([]int64, 0, len(d.counts))
	for _, c := range d.counts {
		totals = append(totals, c.Total)
	}
	slices.Sort(totals)
	median := totals[len(totals)/2]
	maps.DeleteFunc(d.counts, func(_ string, c *campaign.NoticeCounts) bool { return c.Total <= median })
	d.pruned = true
}

// candidates returns an empty count of the largest, with many to spare for what pruning
// has done to their order.
func (d *destinations) candidates() *destinations {
	const spare = 50
	again := newDestinations()
	again.closed = true
	for _, c := range d.sorted()[:min(spare*shownDestinations, len(d.counts))] {
		again.counts[c.Domain] = &campaign.NoticeCounts{}
	}
	return again
}

// sorted returns the destinations, the largest first.
func (d *destinations) sorted() []campaign.DomainCounts {
	list := make([]campaign.DomainCounts, 0, len(d.counts))
	for domain, c := range d.counts {
		list = append(list, campaign.DomainCounts{Domain: domain, NoticeCounts: *c})
	}
	slices.SortFunc(list, func(a, b campaign.DomainCounts) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Domain, b.Domain))
	})
	return list
}

// largest returns the destinations to name, and the counts of all others.
func (d *destinations) largest() (named []campaign.DomainCounts, others campaign.NoticeCounts) {
	others = d.all
	for _, c := range d.sorted() {
		if len(named) == shownDestinations || c.Total < leastNamed {
			break
		}
		named = append(named, c)
		for _, s := range campaign.States() {
			others.Add(s, -c.Of(s))
		}
	}
	return named, others
}
