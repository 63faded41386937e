// Package soap finds out what a SOAP 1.1 or 1.2 call asks for, and whether its
// answer is a fault. It reads no further than the first element of the body,
// takes any bytes without a panic, and resolves no entity.
//
// It is not for the parameters: they are in the payload.
package soap

import (
	"bytes"
	"encoding/xml"
	"io"
	"mime"
	"strings"
)

// Call is what a message asks for, or answers.
type Call struct {
	Operation string // local name of the first element of the body; empty: none was found
	Namespace string // of that element
	Action    string // SOAPAction, or the action parameter of SOAP 1.2, without quotes; empty: none
	Fault     string // local part of the fault's code: "Client", "Receiver"; empty: no fault
}

// Name returns the operation, or else the last part of the action.
func (c *Call) Name() string {
	if c.Operation != "" {
		return c.Operation
	}
	return word(c.Action[strings.LastIndexAny(c.Action, "/#:")+1:])
}

const (
	maxName   = 128
	maxTokens = 2000 // up to the body's first element; headers can be long
)

// Namespaces of the envelope.
const (
	soap11 = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12 = "http://www.w3.org/2003/05/soap-envelope"
)

// Is reports whether a call with these header fields is SOAP: action is the
// SOAPAction field, has says whether there is one.
func Is(contentType string, has bool) bool {
	return contentType == "application/soap+xml" || has && (contentType == "text/xml" || contentType == "application/xml")
}

// Parse reads a message: contentType with its parameters, action the
// SOAPAction field. It reports whether the body is a SOAP envelope; one that
// was cut after the first element of its body is.
func Parse(contentType, action string, body []byte) (Call, bool) {
	c := Call{Action: uri(strings.Trim(strings.TrimSpace(action), `"`))}
	if _, params, err := mime.ParseMediaType(contentType); err == nil && c.Action == "" {
		c.Action = uri(params["action"])
	}
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // names are ASCII in practice
	var depth int
	var envelope, inBody bool
	for range maxTokens {
		token, err := d.Token()
		if err != nil {
			return c, false
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			ours := t.Name.Space == soap11 || t.Name.Space == soap12
			switch {
			case depth == 1:
				if envelope = ours && t.Name.Local == "Envelope"; !envelope {
					return c, false
				}
			case depth == 2:
				inBody = ours && t.Name.Local == "Body"
			case depth == 3 && inBody && ours && t.Name.Local == "Fault":
				c.Fault = fault(d)
				return c, true
			case depth == 3 && inBody:
				c.Operation, c.Namespace = word(t.Name.Local), uri(t.Name.Space)
				return c, true
			}
		case xml.EndElement:
			if depth--; depth < 2 && inBody {
				return c, true // an empty body
			}
		}
	}
	return c, false
}

// fault returns the code of a fault: the text of faultcode (1.1), or of the
// first Value (1.2), without its prefix.
func fault(d *xml.Decoder) string {
	var wanted bool
	for range maxTokens {
		token, err := d.Token()
		if err != nil {
			break
		}
		switch t := token.(type) {
		case xml.StartElement:
			wanted = t.Name.Local == "faultcode" || t.Name.Local == "Value"
		case xml.CharData:
			if text := strings.TrimSpace(string(t)); wanted && text != "" {
				return word(text[strings.LastIndexByte(text, ':')+1:])
			}
		}
	}
	return "unknown"
}

// word returns s if it can be the name of an operation, else "": what a caller
// can choose freely does not belong into a header.
func word(s string) string {
	if len(s) > maxName {
		return ""
	}
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return ""
		}
	}
	return s
}

// uri returns s if it looks like a URI of an ordinary length, else "".
func uri(s string) string {
	if len(s) > 4*maxName || strings.ContainsAny(s, " \t\r\n\"<>@?") {
		return ""
	}
	return s
}
