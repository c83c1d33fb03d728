// Command picture draws the packages of the project and their imports into
// docs/packages.svg:
//
//	go run ./internal/law/picture
//
// Each box is a folder, each name in it a package. Thin lines are imports within
// a folder. The imports between two folders are one line, in the colour of the
// folder that is imported; lines to the same folder join. All lines run down, as
// the import law demands: picture fails if one does not.
//
// Left out are packages that only tests import, this folder, and packages that
// neither import another nor are imported.
package main
