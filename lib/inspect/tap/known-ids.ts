/** Set of the newest ids. */
export class KnownIds {
  private readonly ids = new Set<string>();

  /** @param size maximum number of ids */
  constructor(private readonly size: number) {}

  /** True after ids were forgotten. */
  hasForgotten = false;

  add(id: string): void {
    if (this.ids.has(id)) return;
    if (this.ids.size >= this.size) {
      for (const oldest of this.ids) {
        this.ids.delete(oldest);
        break;
      }
      this.hasForgotten = true;
    }
    this.ids.add(id);
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }
}
