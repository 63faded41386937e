package api

import (
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/reading"
)

// NewMeasure asks for something to be done about access.
type NewMeasure struct {
	Kind     string        `json:"kind"`               // block, throttle or reauthenticate; required
	Subject  string        `json:"subject"`            // whose calls, like "principal:p_0b6c… and route:shop"; required
	For      time.Duration `json:"for,omitempty"`      // how long; absent: until it is undone
	Rate     float64       `json:"rate,omitempty"`     // throttle: calls a second; absent: 1
	Burst    int           `json:"burst,omitempty"`    // throttle: calls that may come at once; absent: as many as come in a second
	DryRun   bool          `json:"dry_run,omitempty"`  // say in each event what would have been done, and do nothing
	Force    bool          `json:"force,omitempty"`    // although it means very many calls; somebody else must approve it then
	Propose  bool          `json:"propose,omitempty"`  // for somebody else to approve
	Incident string        `json:"incident,omitempty"` // what it is about
}

// measureRoutes are the endpoints about what is done.
func measureRoutes() []route {
	ended := func(path, id, summary string, handle func(*call) error) route {
		return route{method: http.MethodPost, path: path, id: id, summary: summary, params: reflect.TypeFor[measureParams](), result: reflect.TypeFor[act.Measure](), handle: handle}
	}
	return []route{
		get("/api/v1/measures", "listMeasures", "What is done about access: blocks, throttles, demands to authenticate anew.", listMeasures),
		get("/api/v1/measures/{measure}", "measure", "One measure.", oneMeasure),
		get("/api/v1/measures/preview", "previewMeasure", "What a measure would have met, had it been in force, and what would come of asking for it. Nothing is decided.", previewMeasure),
		get("/api/v1/measures/candidates", "candidates", "What a name, or a part of one, can mean as the subject of a measure.", candidates),
		{
			method: http.MethodPost, path: "/api/v1/measures", id: "addMeasure", summary: "Block, throttle, or demand new authentication; or propose it, if somebody must approve it. Needs the header Gatebook-Reason.", status: http.StatusCreated,
			body: reflect.TypeFor[NewMeasure](), result: reflect.TypeFor[act.Measure](), handle: addMeasure,
		},
		{
			method: http.MethodDelete, path: "/api/v1/measures/{measure}", id: "undoMeasure", summary: "End a measure. Needs the header Gatebook-Reason.", params: reflect.TypeFor[measureParams](),
			result: reflect.TypeFor[act.Measure](), handle: undoMeasure,
		},
		{
			method: http.MethodDelete, path: "/api/v1/measures", id: "liftMeasures", summary: "End all measures in force. Needs the header Gatebook-Reason.",
			result: reflect.TypeFor[[]act.Measure](), handle: liftMeasures,
		},
		ended("/api/v1/measures/{measure}/approve", "approveMeasure", "Put in force what somebody else proposed. Needs the header Gatebook-Reason.", approveMeasure),
		ended("/api/v1/measures/{measure}/reject", "rejectMeasure", "Say no to what was proposed, or take back what you proposed. Needs the header Gatebook-Reason.", rejectMeasure),
	}
}

// actor returns what acts, or an error where nothing does.
func (c *call) actor() (*act.Keeper, error) {
	if c.cfg.Act == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Type: "measures", Detail: "nothing can be done about access here"}
	}
	return c.cfg.Act, nil
}

type measuresParams struct {
	State string `query:"state" default:"open" oneof:"open,in-force,proposed,all" doc:"Which: open are those in force and those proposed, all are also those that ended in the last 90 days."`
}

func listMeasures(c *call, p measuresParams) ([]act.Measure, error) {
	k, err := c.actor()
	if err != nil {
		return nil, err
	}
	states := map[string][]act.State{"open": {act.Proposed, act.InForce}, "in-force": {act.InForce}, "proposed": {act.Proposed}}[p.State]
	return k.List(c.r.Context(), c.reader, states...)
}

type previewParams struct {
	Subject string    `query:"subject" doc:"Whose calls, like \"principal:p_0b6c… and route:shop\"; required."`
	Kind    string    `query:"kind" default:"block" oneof:"block,throttle,reauthenticate" doc:"What would be done."`
	Since   time.Time `query:"since" default:"7d" doc:"Calls that arrived at this time or later: RFC 3339, a date, or a duration before now like 7d."`
}

func previewMeasure(c *call, p previewParams) (*act.Preview, error) {
	k, err := c.actor()
	if err != nil {
		return nil, err
	}
	subject, err := policy.ParseSubject(p.Subject)
	if err != nil {
		return nil, argument("subject", err.Error())
	}
	return k.Preview(c.r.Context(), c.reader, act.Request{Kind: policy.Kind(p.Kind), Subject: subject}, p.Since)
}

type candidatesParams struct {
	Name  string    `query:"name" doc:"A name, e-mail address, app, id or address, or a part of a name; required."`
	Since time.Time `query:"since" default:"30d" doc:"What was seen at this time or later, as for preview."`
}

func candidates(c *call, p candidatesParams) (*reading.Candidates, error) {
	k, err := c.actor()
	if err != nil {
		return nil, err
	}
	return k.Candidates(c.r.Context(), c.reader, p.Name, p.Since)
}

type measureParams struct {
	Measure string `path:"measure" doc:"The measure's id, or a beginning of it that only one has."`
}

func oneMeasure(c *call, p measureParams) (*act.Measure, error) {
	k, err := c.actor()
	if err != nil {
		return nil, err
	}
	return k.Get(c.r.Context(), c.reader, p.Measure)
}

func addMeasure(c *call) error {
	// Who may not even propose learns nothing of what is wrong with the body.
	if err := c.cfg.Room.Admit(c.reader, reading.ActPropose); err != nil {
		return err
	}
	k, err := c.actor()
	if err != nil {
		return err
	}
	var n NewMeasure
	if err := c.body(&n); err != nil {
		return err
	}
	if !slices.Contains(policy.Kinds, policy.Kind(n.Kind)) {
		return argument("kind", "must be block, throttle or reauthenticate")
	}
	subject, err := policy.ParseSubject(n.Subject)
	if err != nil {
		return argument("subject", err.Error())
	}
	m, err := k.Decide(c.r.Context(), c.reader, act.Request{
		Kind: policy.Kind(n.Kind), Subject: subject, For: n.For, Rate: n.Rate, Burst: n.Burst, DryRun: n.DryRun, Force: n.Force, Propose: n.Propose, Incident: n.Incident,
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, m)
}

// onMeasure answers with what f makes of the measure in the path.
func (c *call) onMeasure(f func(k *act.Keeper, id string) (*act.Measure, error)) error {
	k, err := c.actor()
	if err != nil {
		return err
	}
	var p measureParams
	if err := c.decode(&p); err != nil {
		return err
	}
	m, err := f(k, p.Measure)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, m)
}

func undoMeasure(c *call) error {
	return c.onMeasure(func(k *act.Keeper, id string) (*act.Measure, error) { return k.Undo(c.r.Context(), c.reader, id) })
}

func approveMeasure(c *call) error {
	return c.onMeasure(func(k *act.Keeper, id string) (*act.Measure, error) { return k.Approve(c.r.Context(), c.reader, id) })
}

func rejectMeasure(c *call) error {
	return c.onMeasure(func(k *act.Keeper, id string) (*act.Measure, error) { return k.Reject(c.r.Context(), c.reader, id) })
}

func liftMeasures(c *call) error {
	k, err := c.actor()
	if err != nil {
		return err
	}
	lifted, err := k.Lift(c.r.Context(), c.reader)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, lifted)
}
