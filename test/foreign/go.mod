module github.com/gatebook/gatebook/test/foreign

go 1.26.0

require (
	filippo.io/torchwood v0.9.0
	github.com/gatebook/gatebook v0.0.0
	golang.org/x/mod v0.42.0
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sync v0.19.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/gatebook/gatebook => ../..
