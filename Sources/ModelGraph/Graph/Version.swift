/// The version of everything in this package: both programs, and the `producer_version` of the files they write.
public enum Version {
  public static let number = "0.1.0"
}
