// swift-tools-version: 6.1
import PackageDescription

// Arrows point down only: a target names what it may know, and the field half never imports the lab half.
// Field targets stay inside Embedded Swift's subset (docs/EMBEDDED.md); `tools/build-field` compiles them so.

// tools/build-field leaves out WebP ("small"), and other formats but PNG on request ("png").
let formats = Context.environment["GIEMSA_FORMATS"] ?? "all"
let hasWebP = formats != "small" && formats != "png"
let hasJPEGAndTIFF = formats != "png"

let package = Package(
  name: "giemsa",
  products: [
    .library(name: "Giemsa", targets: ["Giemsa"]),
    .executable(name: "giemsa", targets: ["giemsa"]),
    .executable(name: "giemsa-field", targets: ["giemsa-field"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "3.12.3"),
  ],
  targets: [
    // Field: what ships to the clinic.
    .target(name: "Platform", linkerSettings: [.linkedLibrary("m")]),
    .target(name: "Kernels", cSettings: [.headerSearchPath(".")], linkerSettings: [.linkedLibrary("m")]),
    .target(name: "ONNXSchema", linkerSettings: [.linkedLibrary("protobuf-c")]),
    .target(name: "PNGShim", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("z")]),
    .target(name: "JPEGShim", linkerSettings: [.linkedLibrary("jpeg")]),
    .target(
      name: "TIFFShim", dependencies: ["Platform"],
      // libtiff's own libraries, which a static program has to name.
      linkerSettings: [.linkedLibrary("tiff"), .linkedLibrary("deflate"), .linkedLibrary("jpeg"), .linkedLibrary("z")]),
    .target(name: "SodiumShim", linkerSettings: [.linkedLibrary("sodium")]),
    .target(name: "WebPShim", linkerSettings: [.linkedLibrary("webp")]),
    .target(name: "Text", dependencies: ["Platform"]),
    .target(name: "ModelGraph", dependencies: ["Platform", "Text"]),
    .target(name: "PictureModels", dependencies: ["ModelGraph", "Platform", "Text"]),
    .target(
      name: "ONNXFormat",
      dependencies: ["ModelGraph", "PictureModels", "ONNXSchema", "SodiumShim", "Platform", "Text"]),
    .target(name: "Validation", dependencies: ["ModelGraph", "PictureModels", "ONNXFormat", "Text"]),
    .target(name: "Passes", dependencies: ["ModelGraph", "Text"]),
    .target(name: "Inference", dependencies: ["ModelGraph", "Kernels", "Platform", "Text"]),
    .target(
      name: "Imaging",
      dependencies: [
        "ModelGraph", "PictureModels", "Kernels", "PNGShim", "JPEGShim", "TIFFShim", "Platform", "Text",
      ] + (hasWebP ? ["WebPShim"] : []),
      swiftSettings: (hasJPEGAndTIFF ? [.define("JPEG"), .define("TIFF")] : []) + (hasWebP ? [.define("WebP")] : [])),
    .target(name: "Statistics"),
    .target(name: "Smears", dependencies: ["Imaging", "PictureModels", "Platform", "Text"]),
    .target(
      name: "Giemsa",
      dependencies: [
        "ModelGraph", "PictureModels", "ONNXFormat", "Validation", "Passes", "Inference", "Imaging", "Smears",
        "Platform", "Text",
      ]),
    .target(name: "ProgramStart", dependencies: ["Platform"]),
    // giemsa.h, and its functions. `tools/build-field library` makes libgiemsa of them.
    .target(name: "GiemsaC"),
    .target(name: "GiemsaCalls", dependencies: ["Giemsa", "GiemsaC", "Text"]),
    .executableTarget(
      name: "giemsa-field", dependencies: ["Giemsa", "Platform", "ProgramStart", "Statistics", "Text"],
      // One file without dynamic libraries starts in a third of the time and 6 MiB less, of which the system would keep
      // pages of the Swift library and libstdc++.
      linkerSettings: [.unsafeFlags(["-static-executable"], .when(platforms: [.linux], configuration: .release))]),

    // Lab: the workstation.
    .target(
      name: "TrainingKernels", dependencies: ["Kernels"],
      cSettings: [.headerSearchPath("."), .headerSearchPath("../Kernels")],
      linkerSettings: [.linkedLibrary("m")]),
    .target(name: "BLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "MessagePassing", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "Datasets",
      dependencies: [
        "ModelGraph", "PictureModels", "Imaging", "Smears", "Platform", "Text",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .target(
      name: "Training",
      dependencies: [
        "ModelGraph", "PictureModels", "Passes", "Inference", "Kernels", "TrainingKernels", "BLAS", "Platform", "Text",
        "Datasets", "MessagePassing",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .target(name: "Quantization", dependencies: ["Giemsa", "ModelGraph", "Passes", "Reports", "Text"]),
    .target(
      name: "Reports",
      dependencies: [
        "ModelGraph", "PictureModels", "Statistics", "Text", .product(name: "Crypto", package: "swift-crypto"),
      ]
    ),
    .executableTarget(
      name: "giemsa",
      dependencies: [
        "Giemsa", "ModelGraph", "PictureModels", "ONNXFormat", "Imaging", "Datasets", "Training", "Quantization",
        "Reports", "SodiumShim", "Platform", "ProgramStart", "Text",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Tests, a folder a module.
    .target(name: "TestSupport", dependencies: ["ModelGraph"], path: "Tests/TestSupport"),
    .testTarget(name: "TextTests", dependencies: ["Text"]),
    .testTarget(name: "ModelGraphTests", dependencies: ["ModelGraph", "Text", "TestSupport"]),
    .testTarget(name: "PictureModelsTests", dependencies: ["ModelGraph", "PictureModels", "Text"]),
    .testTarget(
      name: "ONNXFormatTests",
      dependencies: ["ModelGraph", "PictureModels", "ONNXFormat", "SodiumShim", "Platform", "Text", "TestSupport"]),
    .testTarget(name: "ValidationTests", dependencies: ["ModelGraph", "ONNXFormat", "Text", "Validation"]),
    .testTarget(name: "PassesTests", dependencies: ["ModelGraph", "Passes", "Inference", "TestSupport"]),
    .testTarget(name: "PlatformTests", dependencies: ["Platform", "TestSupport"]),
    .target(
      name: "KernelInternals", dependencies: ["Kernels"], path: "Tests/KernelInternals",
      cSettings: [.headerSearchPath("../../Sources/Kernels")]),
    .testTarget(
      // Kernels that only other kernels call are tested through Kernels' private headers.
      name: "KernelsTests", dependencies: ["Kernels", "KernelInternals", "TestSupport"],
      swiftSettings: [.unsafeFlags(["-Xcc", "-I\(Context.packageDirectory)/Sources/Kernels"])]),
    .testTarget(name: "TrainingKernelsTests", dependencies: ["Kernels", "TrainingKernels", "TestSupport"]),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(
      name: "InferenceTests",
      dependencies: ["ModelGraph", "Passes", "Inference", "Kernels", "AllocationCounter", "TestSupport"]),
    .testTarget(name: "GiemsaTests", dependencies: ["Giemsa"]),
    .testTarget(name: "ImagingTests", dependencies: ["ModelGraph", "PictureModels", "Imaging", "TestSupport"]),
    .testTarget(name: "StatisticsTests", dependencies: ["Statistics"]),
    .testTarget(name: "SmearsTests", dependencies: ["Imaging", "PictureModels", "Smears"]),
    .testTarget(
      name: "DatasetsTests",
      dependencies: ["ModelGraph", "PictureModels", "Imaging", "Smears", "Datasets", "Text", "TestSupport"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["ModelGraph", "ONNXFormat", "Training", "Kernels", "TrainingKernels", "Inference", "TestSupport"]),
    .testTarget(
      name: "QuantizationTests", dependencies: ["ModelGraph", "Passes", "Inference", "Quantization", "TestSupport"]),
    .testTarget(
      name: "ReportsTests",
      dependencies: [
        "Reports", "PictureModels", "Statistics", "Text", .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .testTarget(
      // It runs giemsa-field too, which `swift build --build-tests` makes: to depend on it would link tests statically.
      name: "CommandTests",
      dependencies: ["ModelGraph", "PictureModels", "ONNXFormat", "Imaging", "giemsa", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)

// To optimise tests takes minutes of building and saves seconds of running, but for those that compute much themselves.
let computing = ["KernelsTests", "TrainingKernelsTests", "InferenceTests"]
for target in package.targets where target.type == .test && !computing.contains(target.name) {
  target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-Onone"], .when(configuration: .release))]
}

// tools/build-field: an Embedded Swift module contains the machine code of all that it uses from others, so only the last one
// needs any. That is the program with the functions of the library, so that both are made of one compilation, or the functions
// alone.
if let wanted = Context.environment["GIEMSA_EMBEDDED"] {
  package.targets.removeAll { $0.name == "GiemsaCalls" }
  for target in package.targets {
    if target.name == "giemsa-field" {
      target.path = "Sources"
      target.sources = wanted == "library" ? ["GiemsaCalls"] : ["giemsa-field", "GiemsaCalls"]
      target.dependencies.append("GiemsaC")
    } else {
      target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-Xfrontend", "-emit-empty-object-file"])]
    }
  }
}

// The field half's own tests run in the sanitized build; those of Inference at every instruction-set level in release too.
let fieldTests: Set = [
  "TextTests", "ModelGraphTests", "PictureModelsTests", "ONNXFormatTests", "ValidationTests", "PassesTests",
  "PlatformTests", "KernelsTests", "TrainingKernelsTests", "InferenceTests", "ImagingTests", "StatisticsTests",
  "SmearsTests", "GiemsaTests",
]
// Everything but them, for the release build of tools/test.
if Context.environment["GIEMSA_WITHOUT_FIELD_TESTS"] != nil, Context.environment["GIEMSA_FIELD_TESTS_ONLY"] == nil {
  let unwanted = fieldTests.subtracting(["InferenceTests"]).union(["KernelInternals"])
  package.targets.removeAll { unwanted.contains($0.name) }
}

// The field half's libraries and their tests alone, for tools/check-sanitizers and for work on that half.
let isFieldOnly = Context.environment["GIEMSA_FIELD_TESTS_ONLY"] != nil
let isFuzzed = Context.environment["GIEMSA_FUZZ"] != nil
let isRaced = Context.environment["GIEMSA_RACES"] != nil
if isFieldOnly {
  let wanted = fieldTests.union([
    "Platform", "Kernels", "TrainingKernels", "ONNXSchema", "Text", "ModelGraph", "PictureModels", "ONNXFormat",
    "Validation", "Passes", "Inference", "Imaging", "Smears", "Statistics", "Giemsa",
    "AllocationCounter", "KernelInternals", "TestSupport",
  ])
  package.targets.removeAll { !wanted.contains($0.name) && !$0.name.hasSuffix("Shim") }
  package.products = []
}
if isFieldOnly || isFuzzed || isRaced {
  // In their debug builds what computes much is optimised: otherwise the plain definitions that kernels are compared with
  // would take minutes. Optimising for size takes less time to compile, and none more to run.
  for target in package.targets where target.type != .test || computing.contains(target.name) {
    target.swiftSettings =
      (target.swiftSettings ?? []) + [.unsafeFlags(["-Osize"], .when(configuration: .debug))]
  }
}

// tools/fuzz: libFuzzer's program. What takes bytes from outside counts its branches; kernels, of which there are very many,
// do not. Beside the field half's tests only the readers do, since it takes time to compile and to run.
if isFuzzed {
  if !isFieldOnly {
    package.targets.removeAll { $0.type == .test || $0.name == "giemsa" || $0.name == "giemsa-field" }
    package.products = []
  }
  for target in package.targets where target.type == .regular && !target.name.contains("Kernel") {
    let isReader = ["ONNXFormat", "Imaging"].contains(target.name)
    guard target.name != "TestSupport", !isFieldOnly || isReader else { continue }
    // SwiftPM passes a setting to the compiler of its language only.
    target.swiftSettings =
      (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp"])]
    target.cSettings =
      (target.cSettings ?? []) + [.unsafeFlags(["-fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp"])]
  }
  let lab: [Target.Dependency] = [
    "Datasets", "Reports", "Training", .product(name: "Crypto", package: "swift-crypto"),
  ]
  package.targets += [
    .target(name: "FuzzWatch", path: "Tests/FuzzWatch"),
    .executableTarget(
      name: "giemsa-fuzz",
      dependencies: [
        "FuzzWatch", "Giemsa", "Imaging", "ModelGraph", "ONNXFormat", "SodiumShim", "TestSupport", "Text", "Validation",
      ] + (isFieldOnly ? [] : lab),
      path: "Tests/Fuzzing", exclude: isFieldOnly ? ["Lab"] : [],
      swiftSettings: [.unsafeFlags(["-O"])] + (isFieldOnly ? [] : [.define("LAB")]),
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]),
  ]
}
