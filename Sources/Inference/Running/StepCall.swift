import ModelGraph
import Platform

/// A step with its addresses in one engine. Nothing is decided any more.
enum StepCall {
  case kernel(KernelCall)
  case definition(ReferenceStep.Evaluation)
}

/// One call of a kernel, which threads share task by task.
struct KernelCall {
  let task: thread_pool_task
  /// The kernel's struct.
  let parameters: UnsafeMutableRawPointer
  let tasks: Int
  /// Tasks on the same parameters that must be over before.
  let first: (task: thread_pool_task, tasks: Int)?
}

/// A kernel's parameter that is the address of a graph output, which every run has anew.
struct OutputPatch {
  typealias Setter = (_ parameters: UnsafeMutableRawPointer, _ address: UnsafeMutableRawPointer?) -> Void

  /// Which graph output.
  let output: Int
  let parameters: UnsafeMutableRawPointer
  let set: Setter
}

/// A kernel's parameter that is the address of a graph input, which every run has anew.
struct InputPatch {
  typealias Setter = (_ parameters: UnsafeMutableRawPointer, _ address: UnsafeRawPointer?) -> Void

  /// Which graph input.
  let input: Int
  let parameters: UnsafeMutableRawPointer
  let set: Setter
}
