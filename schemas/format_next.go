//go:build next_format

package schemas

// LatestFormat makes a build with the tag next_format the next release, for tests that
// run it beside this one. It differs in the number of the format alone.
const LatestFormat = OldestFormat + 1
