package ledger

// expectCheckpoints says which roots the tree must have by the published
// checkpoint and the older ones that were given.
func (v *verifier) expectCheckpoints() {
	if c := v.report.Checkpoint; c.Origin != "" {
		v.expectRoot(c.Size, func(root Hash, known bool) {
			switch {
			case known && root != c.Root:
				v.wrong(CheckpointFile, "", "its root is not that of the records")
			case !known && c.Size <= v.report.Size:
				v.notCompared(CheckpointFile)
			}
		})
	}
	for i, b := range v.opts.Since {
		name := sinceName(i)
		c, err := ParseCheckpoint(b, v.key)
		if err != nil {
			v.wrong(name, "", "%s", err)
			continue
		}
		v.report.Since = append(v.report.Since, c)
		v.expectRoot(c.Size, func(root Hash, known bool) {
			switch {
			case known && root != c.Root:
				v.wrong(name, "", "the first %d records are not the ones that it was signed for: the ledger was rewritten, or this is another history", c.Size)
			case !known && c.Size > v.report.Size && len(v.report.Unreadable) == 0:
				v.wrong(name, "", "it is for %d records, but there are only %d: records were removed", c.Size, v.report.Size)
			case !known:
				v.notCompared(name)
			}
		})
	}
}

// checkpoints compares the number of records with the published checkpoint.
func (v *verifier) checkpoints() {
	size, c := v.report.Size, v.report.Checkpoint
	switch {
	case v.checkpoint == nil && size > 0:
		v.wrong(CheckpointFile, "", "it is missing, but there are %d records", size)
	case c.Origin == "":
		// It was not readable, which is reported.
	case c.Size < v.covered && len(v.report.Unreadable) == 0:
		v.wrong(CheckpointFile, "", "it is for %d records, but %d are sealed, which are never sealed before a checkpoint covers them: it was replaced by an older one", c.Size, v.covered)
	case c.Size > size && len(v.report.Unreadable) == 0:
		v.wrong(CheckpointFile, "", "it is for %d records, but there are only %d: the newest %d records were removed", c.Size, size, c.Size-size)
	case c.Size < size:
		v.note("%d records are newer than the published checkpoint; the checkpoints of their own frames were checked", size-c.Size)
	}
}

// notCompared says that records are not known on which the root of a
// checkpoint depends. There is a problem with them then; if there should be
// none, it is one that the checkpoint proves nothing.
func (v *verifier) notCompared(name string) {
	if v.report.OK() {
		v.wrong(name, "", "its root could not be compared: records before it are not there")
		return
	}
	v.note("not all records could be read, so the root of the tree was not compared with %s", name)
}
