package record

import "github.com/gatebook/gatebook/internal/disk"

// Disk is the folder of a ledger, as the recorder writes it.
type Disk = disk.Disk

// File is a file of a [Disk].
type File = disk.File

// Dir is a [Disk] on the operating system's file system.
type Dir = disk.Dir

// ErrLocked is the error of a ledger that another process writes to.
var ErrLocked = disk.ErrLocked
