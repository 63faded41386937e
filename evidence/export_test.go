package evidence

import (
	"bytes"
	"io"
	"slices"
)

// Files returns the members of a pack.
func Files(pack []byte) (map[string][]byte, error) {
	a, err := openZip(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for i := range a.parts {
		b, err := io.ReadAll(a.open(&a.parts[i]))
		if err != nil {
			return nil, err
		}
		files[a.parts[i].name] = b
	}
	return files, nil
}

// Forge makes a pack of the given members, with a manifest that fits them,
// unless one is kept.
func Forge(files map[string][]byte, keepManifest bool) ([]byte, error) {
	p := &Pack{}
	for _, m := range members {
		if b, ok := files[m.name]; ok && m.name != ManifestFile {
			d := newHashed(m.name)
			d.Write(b)
			if err := p.add(d); err != nil {
				return nil, err
			}
		}
	}
	var out bytes.Buffer
	if !keepManifest {
		err := p.Write(&out, nil)
		return out.Bytes(), err
	}
	d := newHashed(ManifestFile)
	d.Write(files[ManifestFile])
	if err := p.add(d); err != nil {
		return nil, err
	}
	slices.SortFunc(p.parts, func(a, b content) int {
		_, i := memberOf(a.name)
		_, k := memberOf(b.name)
		return i - k
	})
	err := writeZip(&out, p.parts)
	return out.Bytes(), err
}

// AppendLine writes the line of a record; ParseLine reads it.
func AppendLine(b []byte, r *Record) ([]byte, error) { return appendLine(b, r) }

// ParseLine reads the line of a record.
func ParseLine(b []byte) (*Record, error) { return parseLine(b) }

// Bomb makes a pack of which one member is size zeros.
func Bomb(files map[string][]byte, name string, size int64) ([]byte, error) {
	p := &Pack{}
	for _, m := range members {
		b, ok := files[m.name]
		if !ok {
			continue
		}
		d := newHashed(m.name)
		if m.name == name {
			zeros := make([]byte, 1<<20)
			for left := size; left > 0; left -= int64(len(zeros)) {
				d.Write(zeros[:min(left, int64(len(zeros)))])
			}
		} else if m.name != ManifestFile {
			d.Write(b)
		}
		if err := p.add(d); err != nil {
			return nil, err
		}
	}
	for i := range p.sums {
		if p.sums[i].Name == ManifestFile {
			p.sums = slices.Delete(p.sums, i, i+1)
			break
		}
	}
	if name != ManifestFile {
		for i := range p.parts {
			if p.parts[i].name == ManifestFile {
				d := newHashed(ManifestFile)
				d.Write(encodeManifest(p.sums))
				c, err := d.finish()
				if err != nil {
					return nil, err
				}
				p.parts[i] = c
			}
		}
	}
	var out bytes.Buffer
	err := writeZip(&out, p.parts)
	return out.Bytes(), err
}
