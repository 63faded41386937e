package grpc

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Schema knows the services of an API. It is safe for concurrent use.
type Schema struct {
	methods map[string]*Method
	types   *dynamicpb.Types
}

// Method is one method of a service.
type Method struct {
	Name            string // "pkg.Service/Method"
	in, out         protoreflect.MessageDescriptor
	ClientStream    bool // the request is a stream of messages
	ServerStream    bool // the answer is a stream of messages
	HasNoSideEffect bool // the service says that it only reads (idempotency_level)
	Deprecated      bool
	types           *dynamicpb.Types
}

// ParseSet makes a schema of an encoded FileDescriptorSet, as protoc
// --include_imports --descriptor_set_out writes it.
func ParseSet(b []byte) (*Schema, error) {
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(b, &set); err != nil {
		return nil, fmt.Errorf("it is not a FileDescriptorSet: %w", err)
	}
	return NewSchema(&set)
}

// NewSchema makes a schema of the files, which must be complete: what they
// import is among them.
func NewSchema(set *descriptorpb.FileDescriptorSet) (*Schema, error) {
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, fmt.Errorf("the descriptors do not fit together (made without --include_imports?): %w", err)
	}
	return fromFiles(files)
}

// Compile makes a schema of .proto sources, found in folder by their names.
func Compile(ctx context.Context, folder fs.FS, names ...string) (*Schema, error) {
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: accessor(folder)})}
	compiled, err := c.Compile(ctx, names...)
	if err != nil {
		return nil, err
	}
	files := new(protoregistry.Files)
	for _, f := range compiled {
		if err := register(files, f); err != nil {
			return nil, err
		}
	}
	return fromFiles(files)
}

func register(files *protoregistry.Files, f protoreflect.FileDescriptor) error {
	if _, err := files.FindFileByPath(f.Path()); err == nil {
		return nil
	}
	for i := range f.Imports().Len() {
		if err := register(files, f.Imports().Get(i).FileDescriptor); err != nil {
			return err
		}
	}
	return files.RegisterFile(f)
}

func fromFiles(files *protoregistry.Files) (*Schema, error) {
	s := &Schema{methods: make(map[string]*Method), types: dynamicpb.NewTypes(files)}
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s.add(f.Services().Get(i))
		}
		return true
	})
	if len(s.methods) == 0 {
		return nil, fmt.Errorf("the descriptors have no service")
	}
	return s, nil
}

func (s *Schema) add(service protoreflect.ServiceDescriptor) {
	for i := range service.Methods().Len() {
		d := service.Methods().Get(i)
		m := &Method{
			Name: string(service.FullName()) + "/" + string(d.Name()), in: d.Input(), out: d.Output(),
			ClientStream: d.IsStreamingClient(), ServerStream: d.IsStreamingServer(), types: s.types,
		}
		if o, ok := d.Options().(*descriptorpb.MethodOptions); ok && o != nil {
			m.Deprecated = o.GetDeprecated()
			m.HasNoSideEffect = o.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
		}
		s.methods[m.Name] = m
	}
}

// Method returns the method of that name, "pkg.Service/Method", or nil. A nil
// Schema has none.
func (s *Schema) Method(name string) *Method {
	if s == nil {
		return nil
	}
	return s.methods[name]
}

// Methods returns the names of all methods, sorted.
func (s *Schema) Methods() []string { return slices.Sorted(maps.Keys(s.methods)) }

// Content is what the messages of one direction say.
type Content struct {
	JSON   []byte  // one message to a line, in protobuf's JSON form; at most [MaxKept] bytes
	Fields []Field // scalars of the first message, in the order of their numbers
	Items  uint64  // elements of the first message's repeated field of messages, if it has exactly one
	Cut    bool    // not all messages are there
}

// Field is a scalar of a message.
type Field struct {
	Path  string // names with dots: "order.customer_id"
	Value string
}

// Request decodes messages of the request, and Response those of the answer.
// A message that does not fit the descriptor is left out, and Cut says so.
func (m *Method) Request(messages [][]byte) Content { return decode(m.in, m.types, messages) }

// Response decodes messages of the answer; see Request.
func (m *Method) Response(messages [][]byte) Content { return decode(m.out, m.types, messages) }

func decode(d protoreflect.MessageDescriptor, types *dynamicpb.Types, messages [][]byte) Content {
	var c Content
	for i, b := range messages {
		msg := dynamicpb.NewMessage(d)
		if err := (proto.UnmarshalOptions{AllowPartial: true, Resolver: types, RecursionLimit: 100}).Unmarshal(b, msg); err != nil {
			c.Cut = true
			continue
		}
		line, err := (protojson.MarshalOptions{UseProtoNames: true, AllowPartial: true, Resolver: types}).Marshal(msg)
		if err != nil || len(c.JSON)+len(line)+1 > MaxKept {
			c.Cut = true
			continue
		}
		if len(c.JSON) > 0 {
			c.JSON = append(c.JSON, '\n')
		}
		c.JSON = append(c.JSON, compact(line)...)
		if i == 0 {
			c.Items = items(msg)
			c.scalars("", msg, maxNesting)
		}
	}
	return c
}

// compact takes out the spaces that protojson puts between members in some
// builds, and not in others.
func compact(b []byte) []byte {
	out, quoted := b[:0], false
	for i := 0; i < len(b); i++ {
		switch {
		case quoted && b[i] == '\\':
			out = append(out, b[i])
			i++
		case b[i] == '"':
			quoted = !quoted
		case !quoted && b[i] == ' ':
			continue
		}
		out = append(out, b[i])
	}
	return out
}

const (
	maxFields  = 64
	maxValue   = 512
	maxNesting = 4
)

func (c *Content) scalars(prefix string, msg protoreflect.Message, nesting int) {
	fields := msg.Descriptor().Fields()
	for i := range fields.Len() {
		d := fields.Get(i)
		if !msg.Has(d) || d.IsMap() || len(c.Fields) >= maxFields {
			continue
		}
		path := prefix + string(d.Name())
		v := msg.Get(d)
		if !d.IsList() {
			c.value(path, d, v, nesting)
			continue
		}
		for j := range min(v.List().Len(), maxFields) {
			c.value(path, d, v.List().Get(j), nesting)
		}
	}
}

func (c *Content) value(path string, d protoreflect.FieldDescriptor, v protoreflect.Value, nesting int) {
	var text string
	switch d.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		if nesting > 1 {
			c.scalars(path+".", v.Message(), nesting-1)
		}
		return
	case protoreflect.BytesKind:
		return
	case protoreflect.EnumKind:
		text = strconv.Itoa(int(v.Enum()))
		if e := d.Enum().Values().ByNumber(v.Enum()); e != nil {
			text = string(e.Name())
		}
	default:
		text = v.String()
	}
	if text != "" && len(text) <= maxValue && len(c.Fields) < maxFields {
		c.Fields = append(c.Fields, Field{path, strings.ToValidUTF8(text, "\uFFFD")})
	}
}

// items returns the length of the only repeated field of messages.
func items(msg protoreflect.Message) uint64 {
	var n uint64
	var lists int
	fields := msg.Descriptor().Fields()
	for i := range fields.Len() {
		if d := fields.Get(i); d.IsList() && d.Kind() == protoreflect.MessageKind {
			lists++
			n = uint64(msg.Get(d).List().Len())
		}
	}
	if lists != 1 {
		return 0
	}
	return n
}
