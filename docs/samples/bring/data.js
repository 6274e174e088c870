window.BENCHMARK_DATA = {
  "lastUpdate": 1767434400000,
  "repoUrl": "https://example.org/parser",
  "entries": {
    "Parser": [
      {
        "commit": {"id": "1f0c3a5e7b9d2f4a6c8e0b1d3f5a7c9e1b3d5f70", "timestamp": "2026-01-01T09:00:00Z"},
        "date": 1767261600000,
        "tool": "customSmallerIsBetter",
        "benches": [{"name": "parse", "unit": "ms", "value": 12.4}]
      },
      {
        "commit": {"id": "8d2e4f6a0c1b3d5e7f9a2c4e6b8d0f1a3c5e7b92", "timestamp": "2026-01-03T09:00:00Z"},
        "date": 1767434400000,
        "tool": "customSmallerIsBetter",
        "benches": [{"name": "parse", "unit": "us", "value": 14910}]
      }
    ]
  }
}
