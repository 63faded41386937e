package multipart

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"reflect"
	"strings"
	"testing"
)

// write makes a body with the standard library's writer.
func write(t testing.TB, files map[string][]byte, order ...string) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	w.WriteField("note", "for Alice")
	for _, name := range order {
		h := make(textproto.MIMEHeader)
		h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="f"; filename=%q`, name))
		h.Set("Content-Type", "application/pdf; version=1")
		p, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		p.Write(files[name])
	}
	w.Close()
	return w.FormDataContentType(), b.Bytes()
}

func TestReader(t *testing.T) {
	boundary := "--" // content that looks like the beginning of a boundary
	files := map[string][]byte{
		"a.pdf": []byte("line\r\n\r\n" + boundary + "\r\n--x\r\nend\r\n"), "empty": nil,
		"long": bytes.Repeat([]byte("0123456789"), 5000), "lf": []byte("\n\n\n"), "cr": []byte("x\r"),
		"long line": append(bytes.Repeat([]byte("y"), 3*maxLine), "\r\nz"...),
	}
	order := []string{"a.pdf", "empty", "long", "lf", "cr", "long line"}
	contentType, body := write(t, files, order...)
	want := []Part{{Field: "note", Bytes: uint64(len("for Alice"))}}
	for _, name := range order {
		want = append(want, Part{"f", name, "application/pdf", uint64(len(files[name]))})
	}
	for _, piece := range []int{1, 2, 3, 17, 1000, len(body)} {
		r := New(contentType)
		for rest := body; len(rest) > 0; {
			n := min(piece, len(rest))
			r.Write(rest[:n])
			rest = rest[n:]
		}
		if got, more := r.Parts(); !reflect.DeepEqual(got, want) || more != 0 {
			t.Errorf("in pieces of %d:\n got %+v, %d more\nwant %+v", piece, got, more, want)
		}
	}
}

func TestNames(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		r := New("multipart/form-data; boundary=b")
		fmt.Fprintf(r, "--b\r\nContent-Disposition: form-data; name=\"f\"; %s\r\n\r\nx\r\n--b--\r\n", name)
		got, _ := r.Parts()
		if len(got) != 1 || got[0].File != want || got[0].Bytes != 1 {
			t.Errorf("%s: got %+v, want the file %q of 1 byte", name, got, want)
		}
	}
	f(`filename="C:\\Users\\a\\cv.doc"`, "cv.doc")
	f(`filename="../../etc/passwd"`, "passwd")
	f(`filename*=UTF-8''%e2%82%ac.txt`, "€.txt")
	f(`filename="`+strings.Repeat("n", 400)+`"`, strings.Repeat("n", maxName))
}

func TestManyParts(t *testing.T) {
	r := New("multipart/mixed; boundary=b")
	for range MaxParts + 5 {
		io.WriteString(r, "--b\n\nx\n")
	}
	io.WriteString(r, "--b--\n")
	if got, more := r.Parts(); len(got) != MaxParts || more != 5 {
		t.Errorf("got %d parts and %d more, want %d and 5", len(got), more, MaxParts)
	}
}

func TestNew(t *testing.T) {
	for _, contentType := range []string{"", "application/json", "multipart/form-data", "multipart/form-data; boundary=\"\""} {
		if New(contentType) != nil {
			t.Errorf("%q: got a reader", contentType)
		}
	}
}

// FuzzReader holds the reader against the standard library where that accepts
// the body, and against itself in another cut.
func FuzzReader(f *testing.F) {
	_, body := write(f, map[string][]byte{"a": []byte("x\r\n--y")}, "a")
	f.Add(body, 3)
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nhello\r\n--b\r\n\r\n\r\n\r\n--b--"), 1)
	f.Fuzz(func(t *testing.T, body []byte, cut int) {
		const contentType = "multipart/form-data; boundary=b"
		whole, pieces := New(contentType), New(contentType)
		whole.Write(body)
		cut = max(cut%50, 1)
		for rest := body; len(rest) > 0; {
			n := min(cut, len(rest))
			pieces.Write(rest[:n])
			rest = rest[n:]
		}
		a, more := whole.Parts()
		b, more2 := pieces.Parts()
		if !reflect.DeepEqual(a, b) || more != more2 {
			t.Errorf("whole %+v, in pieces of %d %+v", a, cut, b)
		}
	})
}
