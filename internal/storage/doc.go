// Package storage says how much room an installation takes on its disk, how
// fast that grows, and when the disk is full if it goes on so.
//
// [Watcher] measures, now and then, and [Usage] is the answer. Growth is the
// median of the last complete days, by what the segments that were sealed on them
// and the days of the index take: one day of an import or a test does not change
// it. With less than two complete days there is no forecast, and none is made up.
// The forecast goes day by day, and takes into account what retention will
// remove; while a hold is in force it expects that nothing goes.
//
// What is measured is the data directory, as one file system: a part of it that
// is mounted from another disk counts, but its own free space does not. Sizes of
// files are what they hold, not what their blocks take. The figures are for
// people and are no evidence.
package storage
