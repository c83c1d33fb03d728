//go:build !next_format

package schemas

// LatestFormat is the highest format that this release reads and can write.
const LatestFormat = OldestFormat
