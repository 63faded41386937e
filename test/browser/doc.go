// Package browser opens the page of an evidence pack in Chromium, from disk and
// without a network, as an auditor does. It is a module of its own, so that
// what drives the browser is no dependency of Gatebook.
package browser
