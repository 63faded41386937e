// Package arch holds the plan of the house: which package of Gatebook lives on
// which floor, and what may import what. Its test compares the plan with the
// imports that there are, so that a package is moved or added in the plan, in
// the same commit, or not at all.
//
// It is not for use: no package imports it.
package arch
