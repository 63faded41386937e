package detect

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"github.com/gatebook/gatebook/event"
)

// Bounds of an expression: its nodes, and the entries of the lists that it
// makes while it runs.
const (
	maxWhenNodes  = 300
	maxWhenMemory = 10_000
)

// whenField begins the names of fields in a compiled expression, so that none
// is that of a function, as duration would be.
const whenField = "event."

// WhenFunctions are the functions of expressions. None has an effect, asks for
// the time or draws lots; none makes long texts of short ones.
var WhenFunctions = []string{
	"abs", "all", "any", "ceil", "count", "date", "duration", "filter", "find", "first", "float", "floor", "hasPrefix", "hasSuffix", "indexOf", "int", "last",
	"lastIndexOf", "len", "lower", "map", "max", "min", "none", "one", "round", "string", "sum", "trim", "trimPrefix", "trimSuffix", "upper",
}

// whenMethods are the methods of times and durations. Local is not there: it
// would make findings depend on the machine.
var whenMethods = []string{
	"Add", "After", "Before", "Day", "Equal", "Hour", "Hours", "Milliseconds", "Minute", "Minutes", "Month", "Second", "Seconds", "String", "Sub",
	"Unix", "Weekday", "Year", "YearDay",
}

// when is a compiled expression.
type when struct {
	program *vm.Program
	fields  []*field
}

// whenRun is what an expression needs to run, kept from event to event.
type whenRun struct {
	vm  vm.VM
	env map[string]any
}

// holds reports whether the expression is true for the event. What cannot be
// computed is not, and is counted.
func (w *when) holds(v *view) bool {
	run := v.whens[w]
	if run == nil {
		run = &whenRun{vm: vm.VM{MemoryBudget: maxWhenMemory}, env: make(map[string]any, len(w.fields))}
		if v.whens == nil {
			v.whens = map[*when]*whenRun{}
		}
		v.whens[w] = run
	}
	for _, f := range w.fields {
		run.env[whenField+f.name] = f.value(v)
	}
	out, err := run.vm.Run(w.program, run.env)
	if err != nil {
		v.failed++
		return false
	}
	return out == true
}

// zero is the value of an absent field, which says what type it has.
func (f *field) zero() any {
	switch {
	case f.list:
		return []string{}
	case f.typ == event.TypeNumber:
		return 0
	case f.typ == event.TypeDuration:
		return time.Duration(0)
	case f.typ == event.TypeTime:
		return time.Time{}
	}
	return ""
}

// value returns the value of f as expressions see it.
func (f *field) value(v *view) any {
	switch {
	case f.list:
		return v.values(f)
	case f.num != nil:
		n, _ := f.num(v.Event)
		if n = min(n, math.MaxInt64); f.typ == event.TypeDuration {
			return time.Duration(n)
		}
		return int(n)
	case f.typ == event.TypeTime:
		t, _ := time.Parse(time.RFC3339Nano, v.text(f))
		return t.UTC()
	}
	return v.text(f)
}

// whenReader reads one expression.
type whenReader struct {
	*reader
	node   *node
	text   []rune
	fields map[string]*field
	locals []string
	ok     bool
	cost   time.Duration
}

// when compiles the expression of a detection. It is nil if there is something
// wrong with it, which is reported.
func (r *reader) when(n *node) *when {
	w := &whenReader{reader: r, node: n, text: []rune(n.text), fields: map[string]*field{}, ok: true, cost: 200}
	program, err := w.compile()
	var at *file.Error
	switch {
	case errors.As(err, &at):
		hint := ""
		if strings.Contains(at.Message, "EOF") && !n.block && !n.quoted {
			hint = "; in YAML # begins a comment, unless the expression is in quotes or in lines below a |"
		}
		w.at(at.Location, "%s%s", strings.TrimPrefix(at.Message, "compilation failed: "), hint)
	case err != nil:
		w.at(file.Location{}, "%s", strings.ReplaceAll(err.Error(), "\n", " "))
	}
	if !w.ok {
		return nil
	}
	out := &when{program: program}
	for _, f := range w.fields {
		out.fields = append(out.fields, f)
		if r := event.Lookup(f.name); f.number < 0 || r != nil && r.Part == event.ClassPayload.String() {
			w.reader.payload = true
		}
	}
	slices.SortFunc(out.fields, func(a, b *field) int { return strings.Compare(a.name, b.name) })
	w.reader.cost += w.cost
	return out
}

// compile does what expr.Compile does, and between parsing and checking looks
// at all that the expression names. Should the parser panic, that becomes an
// error: the code is not ours.
func (w *whenReader) compile() (program *vm.Program, err error) {
	defer func() {
		if recover() != nil {
			program, err = nil, errors.New("cannot be compiled")
		}
	}()
	c := conf.CreateNew()
	c.MaxNodes, c.Expect, c.ExpectAny = maxWhenNodes, reflect.Bool, false
	for name := range c.Builtins {
		if !slices.Contains(WhenFunctions, name) {
			c.Disabled[name] = true
			delete(c.Builtins, name)
		}
	}
	tree, err := parser.ParseWithConfig(w.node.text, c)
	if err != nil {
		return nil, err
	}
	w.walk(&tree.Node, "", false)
	if !w.ok {
		return nil, nil
	}
	env := types.Map{}
	for name, f := range w.fields {
		env[whenField+name] = types.TypeOf(f.zero())
	}
	c.WithEnv(env)
	if _, err := checker.Check(tree, c); err != nil {
		return nil, err
	}
	ast.Walk(&tree.Node, joined{w})
	if !w.ok {
		return nil, nil
	}
	if err := optimizer.Optimize(&tree.Node, c); err != nil {
		return nil, err
	}
	return compiler.Compile(tree, c)
}

// joined reports where texts are joined: by that a short expression could make
// a text that fills the memory.
type joined struct{ *whenReader }

func (j joined) Visit(n *ast.Node) {
	if b, ok := (*n).(*ast.BinaryNode); ok && b.Operator == "+" && (b.Type() == nil || b.Type().Kind() == reflect.String || b.Type().Kind() == reflect.Interface) {
		j.at(b.Location(), "texts cannot be joined by +, compare them one by one")
	}
}

// at reports what is wrong at a place of the expression.
func (w *whenReader) at(l file.Location, format string, args ...any) {
	w.ok = false
	before := w.text[:min(max(l.From, 0), len(w.text))]
	line, column := w.node.line, 1
	for _, c := range before {
		if column++; c == '\n' {
			line, column = line+1, 1
		}
	}
	switch {
	case w.node.block:
		line++ // the text begins below its | or >
	case line == w.node.line:
		column += w.node.column - 1
		if w.node.quoted {
			column++
		}
	}
	w.report(line, column, "detection.when", format, args...)
}

// walk looks at a part of the expression: it puts fields in the place of their
// names, refuses what is not allowed, and adds up what the part costs. op is
// what is done with the texts in it, as in [estimate].
func (w *whenReader) walk(n *ast.Node, op string, loop bool) {
	if *n == nil {
		return
	}
	w.spend(40*time.Nanosecond, loop)
	switch a := (*n).(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode:
	case *ast.PointerNode:
		if a.Name != "" && a.Name != "index" {
			w.at(a.Location(), "there is no #%s, known here are # and #index", clip(a.Name))
		}
	case *ast.IdentifierNode, *ast.MemberNode:
		w.name(n, op, loop)
	case *ast.UnaryNode:
		w.walk(&a.Node, op, loop)
	case *ast.BinaryNode:
		w.binary(a, op, loop)
	case *ast.ConditionalNode:
		w.each(op, loop, &a.Cond, &a.Exp1, &a.Exp2)
	case *ast.SliceNode:
		w.each(op, loop, &a.Node, &a.From, &a.To)
	case *ast.ArrayNode:
		for i := range a.Nodes {
			w.walk(&a.Nodes[i], op, loop)
		}
	case *ast.VariableDeclaratorNode:
		w.walk(&a.Value, op, loop)
		w.locals = append(w.locals, a.Name)
		w.walk(&a.Expr, op, loop)
		w.locals = w.locals[:len(w.locals)-1]
	case *ast.PredicateNode:
		if loop {
			w.at(a.Location(), "goes through a list within a list, which can take long: do one after the other")
		}
		w.walk(&a.Node, op, true)
	case *ast.CallNode:
		w.call(a, op, loop)
	case *ast.BuiltinNode:
		if !slices.Contains(WhenFunctions, a.Name) {
			w.at(a.Location(), "there is no function %q%s", clip(a.Name), suggest(a.Name, WhenFunctions))
		}
		for i := range a.Arguments {
			w.walk(&a.Arguments[i], "contains", loop)
		}
	default:
		w.at(a.Location(), "has a part that is not known here; docs/rules.md says what there is")
	}
}

func (w *whenReader) each(op string, loop bool, nodes ...*ast.Node) {
	for _, n := range nodes {
		w.walk(n, op, loop)
	}
}

// spend adds to the cost; in a loop for twenty entries.
func (w *whenReader) spend(d time.Duration, loop bool) {
	if loop {
		d *= 20
	}
	w.cost += d
}

func (w *whenReader) binary(a *ast.BinaryNode, op string, loop bool) {
	switch a.Operator {
	case "contains":
		op = "contains"
	case "matches":
		op = "re"
		if _, ok := a.Right.(*ast.StringNode); !ok {
			w.at(a.Location(), "matches wants its expression as a text in quotes, so that it is compiled once")
		}
	case "..":
		from, ok1 := a.Left.(*ast.IntegerNode)
		to, ok2 := a.Right.(*ast.IntegerNode)
		if !ok1 || !ok2 || to.Value < from.Value || to.Value-from.Value < 0 || to.Value-from.Value > 1000 {
			w.at(a.Location(), "a range is from one number to another, at most 1000 above it; compare by >= and <= instead")
		}
	}
	w.each(op, loop, &a.Left, &a.Right)
}

// call looks at a call that is no function of the language: a method of a time
// or a duration.
func (w *whenReader) call(a *ast.CallNode, op string, loop bool) {
	m, ok := a.Callee.(*ast.MemberNode)
	if !ok {
		name := a.Callee.String()
		w.at(a.Location(), "there is no function %q%s", clip(name), suggest(name, WhenFunctions))
		return
	}
	method, ok := m.Property.(*ast.StringNode)
	if !ok || !slices.Contains(whenMethods, method.Value) {
		name := strings.Trim(m.Property.String(), `"`)
		w.at(m.Location(), "there is no method %q%s", clip(name), suggest(name, whenMethods))
		return
	}
	w.walk(&m.Node, op, loop)
	for i := range a.Arguments {
		w.walk(&a.Arguments[i], op, loop)
	}
}

// name puts a field in the place of its name.
func (w *whenReader) name(n *ast.Node, op string, loop bool) {
	name, first := dotted(*n)
	if first != nil && slices.Contains(w.locals, first.Value) {
		return
	}
	if first == nil { // such as objects[0]
		m := (*n).(*ast.MemberNode)
		w.each(op, loop, &m.Node, &m.Property)
		return
	}
	f := lookupField(name)
	if f == nil {
		w.at(first.Location(), "there is no field %q%s; docs/fields.md lists them", clip(name), suggest(name, fieldNames()))
		return
	}
	w.fields[name] = f
	w.spend(estimate(f, op), loop)
	at := first.Location()
	*n = &ast.IdentifierNode{Value: whenField + name}
	(*n).SetLocation(at)
}

// dotted returns a name with points, and what it begins with; nil if n is none.
func dotted(n ast.Node) (string, *ast.IdentifierNode) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, n
	case *ast.MemberNode:
		p, ok := n.Property.(*ast.StringNode)
		if !ok {
			return "", nil
		}
		if name, first := dotted(n.Node); first != nil {
			return name + "." + p.Value, first
		}
	}
	return "", nil
}
