// The etcd user, for clusters with authentication on.

export interface Credentials {
  readonly username: string;
  readonly password: string;
}
