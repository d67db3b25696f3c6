import Kernels
import Testing

@Suite struct InstructionSetTests {
  @Test func theOneInUseIsAvailableAndHasItsKernels() throws {
    let isa = kernels_isa_in_use()
    #expect(kernels_isa_available(isa) == 1)
    let name = String(cString: try #require(f32_igemm_for(isa)).pointee.name)
    #expect(name.hasSuffix(String(cString: kernels_isa_name(isa))))
  }

  @Test func portableIsAlwaysThere() {
    #expect(kernels_isa_available(KERNELS_PORTABLE) == 1)
    #expect(f32_igemm_for(KERNELS_PORTABLE) != nil)
  }

  @Test(arguments: instructionSets) func panelsFitTheStatedLimits(_ isa: kernels_isa) throws {
    let family = try #require(f32_igemm_for(isa)).pointee
    #expect(family.mr <= Int(F32_IGEMM_MAX_MR))
    #expect(family.nr <= Int(F32_IGEMM_MAX_NR))
  }

  @Test func the8BitLevelInUseGoesWithTheFloatOne() {
    let isa = kernels_q8_isa_in_use()
    #expect(kernels_q8_isa_available(isa) == 1)
    #expect(kernels_q8_isa_base(isa) == kernels_isa_in_use())
    #expect(kernels_q8_isa_available(KERNELS_Q8_PORTABLE) == 1)
    #expect(kernels_q8_isa_available(KERNELS_Q8_ISA_COUNT) == 0)
  }
}
