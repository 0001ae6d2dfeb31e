// Package plugin finds, installs and removes the PJRT plugins that the XLA backends open.
//
// A plugin is a shared library in an ordinary Python wheel. Install takes pinned wheels, from the user's own pip or as files,
// checks their SHA-256, and unpacks them into the user's cache as one folder that appears whole or not at all. Find looks, in
// this order, at the environment (FETTLE_PJRT_CPU, FETTLE_PJRT_CUDA), at that cache, and at the packages of the Python that is
// on PATH. Nothing is fetched but by Install, and Install runs only where a user asked for it.
//
// To pin a newer plugin: change its entry in sets.go (versions, SHA-256 and sizes).
package plugin
