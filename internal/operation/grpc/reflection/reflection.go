// Package reflection asks a gRPC server for the descriptors of its services, by
// the reflection protocol (grpc.reflection.v1, and v1alpha for older servers).
//
// It speaks gRPC over net/http, since two unary exchanges over one stream need
// no gRPC library. It is not for calling services.
package reflection

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// ErrUnsupported is the error of a server without reflection.
var ErrUnsupported = errors.New("the server does not offer reflection")

// Limits of what a server can make us hold.
const (
	maxAnswer = 32 << 20
	maxFiles  = 5000
)

// Fetch asks the server at base for the descriptors of all its services. The
// client must speak HTTP/2 to it, for http URLs in cleartext.
func Fetch(ctx context.Context, client *http.Client, base *url.URL) (*descriptorpb.FileDescriptorSet, error) {
	for _, service := range []string{"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"} {
		f := &fetch{client: client, url: base.JoinPath(service, "ServerReflectionInfo").String(), files: make(map[string]*descriptorpb.FileDescriptorProto)}
		err := f.all(ctx)
		if errors.Is(err, ErrUnsupported) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("asking %s for its descriptors: %w", base.Redacted(), err)
		}
		set := new(descriptorpb.FileDescriptorSet)
		for _, name := range slices.Sorted(maps.Keys(f.files)) {
			set.File = append(set.File, f.files[name])
		}
		return set, nil
	}
	return nil, fmt.Errorf("asking %s for its descriptors: %w", base.Redacted(), ErrUnsupported)
}

type fetch struct {
	client *http.Client
	url    string
	files  map[string]*descriptorpb.FileDescriptorProto // by name
}

// Numbers of the fields in ServerReflectionRequest and its answer.
const (
	fieldFileByName   = 3
	fieldFileBySymbol = 4
	fieldList         = 7

	answerFiles    = 4
	answerServices = 6
	answerError    = 7
)

func (f *fetch) all(ctx context.Context) error {
	answers, err := f.ask(ctx, request(fieldList, ""))
	if err != nil {
		return err
	}
	var asks [][]byte
	for _, a := range answers {
		for _, name := range a.services {
			if !strings.HasPrefix(name, "grpc.reflection.") {
				asks = append(asks, request(fieldFileBySymbol, name))
			}
		}
	}
	if len(asks) == 0 {
		return errors.New("it has no services")
	}
	for len(asks) > 0 {
		known := len(f.files)
		if answers, err = f.ask(ctx, asks...); err != nil {
			return err
		}
		for _, a := range answers {
			for _, b := range a.files {
				file := new(descriptorpb.FileDescriptorProto)
				if err := proto.Unmarshal(b, file); err != nil {
					return fmt.Errorf("a descriptor: %w", err)
				}
				f.files[file.GetName()] = file
			}
		}
		if len(f.files) > maxFiles {
			return fmt.Errorf("it has more than %d files of descriptors", maxFiles)
		}
		if asks = f.missing(); len(asks) > 0 && len(f.files) == known {
			return errors.New("it does not give the files that its descriptors import")
		}
	}
	return nil
}

// missing returns requests for files that are imported and not there yet.
func (f *fetch) missing() [][]byte {
	var asks [][]byte
	asked := make(map[string]bool)
	for _, file := range f.files {
		for _, name := range file.GetDependency() {
			if f.files[name] == nil && !asked[name] {
				asked[name] = true
				asks = append(asks, request(fieldFileByName, name))
			}
		}
	}
	return asks
}

// request encodes a framed ServerReflectionRequest.
func request(field protowire.Number, value string) []byte {
	msg := protowire.AppendString(protowire.AppendTag(nil, field, protowire.BytesType), value)
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(msg))), msg...)
}

// ask sends the requests in one stream, and returns an answer to each.
func (f *fetch) ask(ctx context.Context, requests ...[]byte) ([]answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(bytes.Join(requests, nil)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("TE", "trailers")
	res, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound || res.ProtoMajor != 2 {
		return nil, ErrUnsupported
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	status := res.Trailer.Get("Grpc-Status")
	if status == "" {
		status = res.Header.Get("Grpc-Status")
	}
	switch status {
	case "0":
	case "12":
		return nil, ErrUnsupported
	default:
		return nil, fmt.Errorf("it answered with the HTTP status %d and the gRPC status %q", res.StatusCode, status)
	}
	return answers(body)
}

type answer struct {
	files    [][]byte
	services []string
}

// answers reads framed ServerReflectionResponses.
func answers(body []byte) ([]answer, error) {
	var list []answer
	for len(body) > 0 {
		if len(body) < 5 || body[0] != 0 || uint64(len(body)-5) < uint64(binary.BigEndian.Uint32(body[1:])) {
			return nil, errors.New("its answer is cut, or compressed unasked")
		}
		n := binary.BigEndian.Uint32(body[1:])
		a, err := parse(body[5 : 5+n])
		if err != nil {
			return nil, err
		}
		list = append(list, a)
		body = body[5+n:]
	}
	return list, nil
}

func parse(msg []byte) (answer, error) {
	var a answer
	err := each(msg, func(field protowire.Number, v []byte) error {
		switch field {
		case answerFiles:
			return each(v, func(field protowire.Number, v []byte) error {
				if field == 1 {
					a.files = append(a.files, v)
				}
				return nil
			})
		case answerServices:
			return each(v, func(_ protowire.Number, service []byte) error {
				return each(service, func(field protowire.Number, v []byte) error {
					if field == 1 {
						a.services = append(a.services, string(v))
					}
					return nil
				})
			})
		case answerError:
			return each(v, func(field protowire.Number, v []byte) error {
				if field == 2 {
					return fmt.Errorf("it says %q", string(v[:min(len(v), 200)]))
				}
				return nil
			})
		}
		return nil
	})
	return a, err
}

// each calls yield for the fields of a message that hold bytes.
func each(msg []byte, yield func(protowire.Number, []byte) error) error {
	for len(msg) > 0 {
		field, kind, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return protowire.ParseError(n)
		}
		msg = msg[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(field, kind, msg); n < 0 {
				return protowire.ParseError(n)
			}
			msg = msg[n:]
			continue
		}
		v, n := protowire.ConsumeBytes(msg)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := yield(field, v); err != nil {
			return err
		}
		msg = msg[n:]
	}
	return nil
}
