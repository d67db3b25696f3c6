// swift-tools-version: 6.1
import PackageDescription

// A package of somebody else's, as far as Giemsa is concerned: tools/test-library builds and runs it.

let package = Package(
  name: "outside",
  dependencies: [.package(name: "giemsa", path: "../..")],
  targets: [
    .executableTarget(name: "Outside", dependencies: [.product(name: "Giemsa", package: "giemsa")])
  ],
  swiftLanguageModes: [.v6]
)
