-- Each {{< fragment name >}} becomes what book/prepare.py has made of this name.
-- Quarto would read an {{< include >}} before prepare.py has run. What comes from a shortcode of ours it would
-- take through its first filters piece by piece, which is slow: so this is a filter, before those.
return {
  Para = function(para)
    local only = #para.content == 1 and para.content[1].attributes
    local name = only and (only["data-raw"] or ""):match("^{{< fragment (%S+) >}}$")
    if not name then return end
    local path = "book/_fragments/" .. name .. ".qmd"
    local file = io.open(pandoc.path.join({ quarto.project.directory, path }))
    if not file then error(path .. " is missing. Run: python3 course.py book") end
    local blocks = pandoc.read(file:read("a")).blocks
    file:close()
    return blocks
  end,
}
