//go:build xla && cgo && linux

// A table of PJRT functions for a GPU that is not there. What go-xla asks of a client and its device is answered here; what
// it compiles goes to the CUDA plugin's compiler together with a description of the GPU; everything else is refused.

#define _GNU_SOURCE  // memmem
#include "device.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct device {
  PJRT_TopologyDescription* topology;
  PJRT_Executable_GetCompiledMemoryStats_Args memory;
  size_t cudnn;       // calls of cuDNN in the program
  PJRT_Device* self;  // what the list of devices points to
};

static const PJRT_Api* plugin;
static PJRT_Api table;
static device* next;  // the one that the next client gets
static char refusal;  // its address is our only error
static char text[4096];

static PJRT_Error* refuse(void* args) { return (PJRT_Error*)&refusal; }

static int ours(const void* error) { return error == &refusal; }

static void error_destroy(PJRT_Error_Destroy_Args* a) {
  if (!ours(a->error)) plugin->PJRT_Error_Destroy(a);
}

static void error_message(PJRT_Error_Message_Args* a) {
  if (!ours(a->error)) {
    plugin->PJRT_Error_Message(a);
    return;
  }
  a->message = "this device is not there: programs are compiled for it, not run";
  a->message_size = strlen(a->message);
}

static PJRT_Error* error_code(PJRT_Error_GetCode_Args* a) {
  if (!ours(a->error)) return plugin->PJRT_Error_GetCode(a);
  a->code = PJRT_Error_Code_UNIMPLEMENTED;
  return NULL;
}

static PJRT_Error* client_create(PJRT_Client_Create_Args* a) {
  a->client = (PJRT_Client*)next;
  return NULL;
}

static PJRT_Error* client_destroy(PJRT_Client_Destroy_Args* a) { return NULL; }

static PJRT_Error* client_platform(PJRT_Client_PlatformName_Args* a) {
  a->platform_name = "cuda";
  a->platform_name_size = 4;
  return NULL;
}

static PJRT_Error* client_version(PJRT_Client_PlatformVersion_Args* a) {
  a->platform_version = "compiled elsewhere";
  a->platform_version_size = strlen(a->platform_version);
  return NULL;
}

static PJRT_Error* client_process(PJRT_Client_ProcessIndex_Args* a) {
  a->process_index = 0;
  return NULL;
}

static PJRT_Error* client_devices(PJRT_Client_AddressableDevices_Args* a) {
  device* d = (device*)a->client;
  a->addressable_devices = &d->self;
  a->num_addressable_devices = 1;
  return NULL;
}

static PJRT_Error* device_id(PJRT_Device_LocalHardwareId_Args* a) {
  a->local_hardware_id = 0;
  return NULL;
}

static size_t count(const char* text, size_t size, const char* word) {
  size_t n = 0, length = strlen(word);
  const char* end = text + size;
  for (const char* at = text; (at = memmem(at, end - at, word, length)); at += length) n++;
  return n;
}

static PJRT_Error* client_compile(PJRT_Client_Compile_Args* a) {
  device* d = (device*)a->client;
  PJRT_Compile_Args c = {.struct_size = PJRT_Compile_Args_STRUCT_SIZE,
                         .topology = d->topology,
                         .program = a->program,
                         .compile_options = a->compile_options,
                         .compile_options_size = a->compile_options_size};
  PJRT_Error* e = plugin->PJRT_Compile(&c);
  if (e) return e;
  d->cudnn = count(a->program->code, a->program->code_size, "\"__cudnn$");
  memset(&d->memory, 0, sizeof d->memory);
  d->memory.struct_size = PJRT_Executable_GetCompiledMemoryStats_Args_STRUCT_SIZE;
  d->memory.executable = c.executable;
  if ((e = plugin->PJRT_Executable_GetCompiledMemoryStats(&d->memory))) return e;
  a->executable = (PJRT_LoadedExecutable*)c.executable;  // loaded nowhere: the same object under both names
  return NULL;
}

static PJRT_Error* loaded_executable(PJRT_LoadedExecutable_GetExecutable_Args* a) {
  a->executable = (PJRT_Executable*)a->loaded_executable;
  return NULL;
}

static PJRT_Error* loaded_destroy(PJRT_LoadedExecutable_Destroy_Args* a) { return NULL; }

static void fill(void) {
  // The functions follow the version, one pointer each.
  size_t first = offsetof(PJRT_Api, PJRT_Error_Destroy);
  for (size_t at = first; at + sizeof(void*) <= sizeof table; at += sizeof(void*)) {
    *(PJRT_Error * (**)(void*))((char*)&table + at) = refuse;
  }
  table.struct_size = PJRT_Api_STRUCT_SIZE;
  table.pjrt_api_version = plugin->pjrt_api_version;
  table.PJRT_Error_Destroy = error_destroy;
  table.PJRT_Error_Message = error_message;
  table.PJRT_Error_GetCode = error_code;
  table.PJRT_Plugin_Initialize = plugin->PJRT_Plugin_Initialize;
  table.PJRT_Plugin_Attributes = plugin->PJRT_Plugin_Attributes;
  table.PJRT_Client_Create = client_create;
  table.PJRT_Client_Destroy = client_destroy;
  table.PJRT_Client_PlatformName = client_platform;
  table.PJRT_Client_PlatformVersion = client_version;
  table.PJRT_Client_ProcessIndex = client_process;
  table.PJRT_Client_AddressableDevices = client_devices;
  table.PJRT_Client_Compile = client_compile;
  table.PJRT_Device_LocalHardwareId = device_id;
  table.PJRT_LoadedExecutable_GetExecutable = loaded_executable;
  table.PJRT_LoadedExecutable_Destroy = loaded_destroy;
  table.PJRT_Executable_Destroy = plugin->PJRT_Executable_Destroy;
  table.PJRT_Executable_Name = plugin->PJRT_Executable_Name;
  table.PJRT_Executable_NumOutputs = plugin->PJRT_Executable_NumOutputs;
  table.PJRT_Executable_GetCompiledMemoryStats = plugin->PJRT_Executable_GetCompiledMemoryStats;
}

const PJRT_Api* device_plugin(const char* path, const char** fault) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    *fault = dlerror();
    return NULL;
  }
  const PJRT_Api* (*get)(void) = dlsym(library, "GetPjrtApi");
  if (!get || !(plugin = get())) {
    *fault = "it is no PJRT plugin (no GetPjrtApi)";
    return NULL;
  }
  if (plugin->pjrt_api_version.major_version != PJRT_API_MAJOR ||
      plugin->struct_size < PJRT_STRUCT_SIZE(PJRT_Api, PJRT_Executable_GetCompiledMemoryStats)) {
    snprintf(text, sizeof text, "its PJRT interface is version %d.%d, want %d.%d or a later one of %d", plugin->pjrt_api_version.major_version,
             plugin->pjrt_api_version.minor_version, PJRT_API_MAJOR, PJRT_API_MINOR, PJRT_API_MAJOR);
    *fault = text;
    return NULL;
  }
  fill();
  return &table;
}

device* device_new(const char* config, size_t size, const char** fault) {
  PJRT_NamedValue options[2] = {
      {.struct_size = PJRT_NamedValue_STRUCT_SIZE, .name = "target_config", .name_size = 13, .type = PJRT_NamedValue_kString, .string_value = config, .value_size = size},
      {.struct_size = PJRT_NamedValue_STRUCT_SIZE, .name = "topology", .name_size = 8, .type = PJRT_NamedValue_kString, .string_value = "1x1x1", .value_size = 5},
  };
  PJRT_TopologyDescription_Create_Args t = {
      .struct_size = PJRT_TopologyDescription_Create_Args_STRUCT_SIZE, .topology_name = "", .create_options = options, .num_options = 2};
  PJRT_Error* e = plugin->PJRT_TopologyDescription_Create(&t);
  if (e) {
    PJRT_Error_Message_Args m = {.struct_size = PJRT_Error_Message_Args_STRUCT_SIZE, .error = e};
    plugin->PJRT_Error_Message(&m);
    snprintf(text, sizeof text, "%.*s", (int)m.message_size, m.message);
    PJRT_Error_Destroy_Args d = {.struct_size = PJRT_Error_Destroy_Args_STRUCT_SIZE, .error = e};
    plugin->PJRT_Error_Destroy(&d);
    *fault = text;
    return NULL;
  }
  device* d = calloc(1, sizeof *d);
  d->topology = t.topology;
  d->self = (PJRT_Device*)d;
  return next = d;
}

PJRT_Executable_GetCompiledMemoryStats_Args device_memory(const device* d) { return d->memory; }

size_t device_cudnn(const device* d) { return d->cudnn; }
