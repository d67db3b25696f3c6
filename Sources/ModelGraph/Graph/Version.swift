/// The version of this package: of both programs, and the `producer_version` of the files that they write.
public enum Version {
  public static let number = "0.1.0"
}
