package capture

import "net/http"

// Observers returns one observer for several. Each is shown all that passes.
// They are told of a call in their order, and of its end in the reverse order,
// like deferred functions: an observer can set Call.Template for those after
// it, and sees in the Facts what they have said.
func Observers(list ...Observer) Observer {
	var all observers
	for _, o := range list {
		if o != nil {
			all = append(all, o)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

type observers []Observer

// Observe implements [Observer].
func (list observers) Observe(c *Call) Observation {
	var all observations
	for _, o := range list {
		if seen := o.Observe(c); seen != nil {
			all = append(all, seen)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

type observations []Observation

// Request implements [Observation].
func (list observations) Request(p []byte) {
	for _, o := range list {
		o.Request(p)
	}
}

// Answer implements [Observation].
func (list observations) Answer(status int, header http.Header) {
	for _, o := range list {
		o.Answer(status, header)
	}
}

// Response implements [Observation].
func (list observations) Response(p []byte) {
	for _, o := range list {
		o.Response(p)
	}
}

// End implements [Observation].
func (list observations) End(f *Facts) {
	for i := len(list) - 1; i >= 0; i-- {
		list[i].End(f)
	}
}
