package operation

import "maps"

// maxLogged is how many APIs can be known by logs alone.
const maxLogged = 256

// Log makes a place for an API that is known by the logs of others, and that no
// route of the gateway leads to: its templates are learned from what is
// imported. Name is the capture.source of its events. It reports false if there
// are too many already.
func (t *Tracker) Log(name string) bool {
	if a := t.apis.Load().find(name); a != nil && !a.NoLearn {
		return true
	}
	t.swap.Lock()
	defer t.swap.Unlock()
	old := t.apis.Load()
	before, n := old.find(name), 0
	if before != nil && !before.NoLearn {
		return true
	}
	for _, a := range old.byRoute {
		if a.logged {
			n++
		}
	}
	if n >= maxLogged {
		return false
	}
	a := &api{API: API{Route: name}, logged: true, now: t.now}
	if before != nil { // what was learned before a start
		a.memory = before.memory
	} else {
		a.memory = &memory{learner: newLearner()}
	}
	set := &apiSet{byRoute: maps.Clone(old.byRoute)}
	set.byRoute[name] = a
	t.apis.Store(set)
	return true
}
