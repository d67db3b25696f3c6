import Giemsa

func runOnThreads(_ path: String) throws {
  let group = Group()
  // snippet: threads
  let model = try Model(contentsOf: path)
  for _ in 0..<2 {
    group.start {
      // A session is not Sendable: it stays on the thread that makes it. The weights are the model's.
      let session = try model.makeSession()
      let scores = try session.run([Tensor([1, 3, 8, 8], pixels)])
      show("thread", scores[0].array(of: Float.self))
    }
  }
  // end
  try group.wait()
}
