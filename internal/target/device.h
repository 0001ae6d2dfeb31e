// The device that is not there: see device.c.
#ifndef FETTLE_TARGET_DEVICE_H_
#define FETTLE_TARGET_DEVICE_H_

#include "pjrt_c_api.h"

typedef struct device device;

// Loads the plugin. Returns the table of functions to register; else NULL and a text that lives on.
const PJRT_Api* device_plugin(const char* path, const char** fault);

// Makes the device that the next client gets. Returns NULL and a text that lives on where the plugin refuses the description.
device* device_new(const char* config, size_t size, const char** fault);

// The memory of the program that was compiled last for the device.
PJRT_Executable_GetCompiledMemoryStats_Args device_memory(const device* d);

// How often that program calls cuDNN.
size_t device_cudnn(const device* d);

#endif
