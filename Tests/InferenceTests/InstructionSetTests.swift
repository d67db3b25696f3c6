import Kernels
import Testing

@Suite struct InstructionSetTests {
  @Test func theOneInUseIsAvailableAndHasItsKernels() throws {
    let level = kernels_level_in_use()
    #expect(kernels_level_available(level) == 1)
    let base = kernels_level_base(level)
    #expect(kernels_level_available(base) == 1)
    let name = String(cString: try #require(f32_igemm_for(level)).pointee.name)
    #expect(name.hasSuffix(String(cString: kernels_level_name(base))))
  }

  @Test func portableIsAlwaysThere() {
    #expect(kernels_level_available(KERNELS_PORTABLE) == 1)
    #expect(kernels_level_available(KERNELS_LEVEL_COUNT) == 0)
  }

  /// What is not available has the portable kernels: no level lacks any.
  @Test func everyLevelHasItsKernels() throws {
    for raw in 0...KERNELS_LEVEL_COUNT.rawValue {
      let level = kernels_level(rawValue: raw)
      let name = String(cString: try #require(f32_igemm_for(level)).pointee.name)
      let found = kernels_level_available(level) == 1 ? kernels_level_base(level) : KERNELS_PORTABLE
      #expect(name.hasSuffix(String(cString: kernels_level_name(found))))
    }
  }

  @Test(arguments: 0..<KERNELS_LEVEL_COUNT.rawValue) func panelsFitTheStatedLimits(_ level: UInt32) throws {
    let family = try #require(f32_igemm_for(kernels_level(rawValue: level))).pointee
    #expect(family.mr <= Int(F32_IGEMM_MAX_MR))
    #expect(family.nr <= Int(F32_IGEMM_MAX_NR))
  }
}
