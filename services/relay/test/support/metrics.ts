/** The value of a metric of a service, of the first line that has all these labels. */
export async function metric(
  service: { readonly internalUrl: string },
  name: string,
  ...labels: string[]
): Promise<number> {
  const text = await (await fetch(`${service.internalUrl}/metrics`)).text();
  const line = text.split("\n").find((row) => {
    return row.startsWith(`${name}{`) && labels.every((label) => row.includes(label));
  });
  return Number(line?.split(" ").at(-1));
}
